"""One worker that ingests the files one after another, and says on its last line how long it took.

    python -m benchmarks.ingesting.worker SYSTEM EMBEDDER FILE...

The clock starts when everything is imported, in readers' processes too, and the embedder has embedded once.
"""

import asyncio
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.stub_model import FixedEmbedder
from shared.domain.prompt import EmbedderSpec
from shared.ports.models import Embedder

Ingest = Callable[[Sequence[Path], Embedder], int]


def open_embedder(name: str) -> Embedder:
    """`free` embeds at once, `minilm` really; both say 384 numbers and take 256 tokens."""
    if name == "free":
        return FixedEmbedder()
    from shared.adapters.minilm import MiniLmEmbedder  # noqa: PLC0415 - the free one needs no weights

    return MiniLmEmbedder(EmbedderSpec(name="local-minilm", adapter="minilm", dimension=384, max_tokens=256))


def main(system: str, embedder_name: str, files: list[str]) -> None:
    module = import_module(f"benchmarks.ingesting.{system}")
    ingest: Ingest = module.ingest
    embedder = open_embedder(embedder_name)
    asyncio.run(embedder.embed(["warm"], "passage"))
    # pypdf warns of each font that it cannot read to its end, our stages tell of each delivery; neither is measured.
    logging.disable(logging.WARNING)
    if hasattr(module, "prepare"):
        asyncio.run(module.prepare([Path(file) for file in files]))
    began = time.perf_counter()
    passages = ingest([Path(file) for file in files], embedder)
    print(json.dumps({"seconds": time.perf_counter() - began, "passages": passages}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
