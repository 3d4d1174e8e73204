"""Ours: the real functions from the upload to the index, files read in a child process, the store in memory."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.assembly_line import AssemblyLine
from shared.adapters.minilm_tokens import MiniLmTokenCounter
from shared.domain.document import DocumentStatus
from shared.ingest.kinds import accepted_type
from shared.ingest.sandbox import open_contained
from shared.ports.models import Embedder


def ingest(files: Sequence[Path], embedder: Embedder) -> int:
    """The passages that can be found afterwards. Raises RuntimeError for a file that was not learned."""
    return asyncio.run(_ingest(files, embedder))


async def prepare(files: Sequence[Path]) -> None:
    """Have the process from which readers are forked import what files of these kinds need, as the others import theirs."""
    for path in {path.suffix: path for path in files}.values():
        await open_contained(path, accepted_type(path.name, ""))


async def _ingest(files: Sequence[Path], embedder: Embedder) -> int:
    with tempfile.TemporaryDirectory() as folder:
        line = AssemblyLine(Path(folder))
        with line.running(embedder, MiniLmTokenCounter(embedder.spec.max_tokens)):
            for path in files:
                document = await line.learn(path)
                if document.status is not DocumentStatus.READY:
                    raise RuntimeError(f"{path.name} ended as {document.status}: {document.failure}")
        return len(line.store.chunks)
