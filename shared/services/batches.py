"""What the stages hand on through the bucket: chunks in batches, and their vectors in the same order."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import NamedTuple

from pydantic import TypeAdapter

from shared.core.errors import NotFoundError
from shared.domain.blob import chunks_name, holds_vectors, vectors_name
from shared.domain.chunk import Chunk
from shared.domain.step import StageMessage
from shared.ports.blobs import Blobs

CHUNKS_A_BATCH = 32
"""Two seconds of the local embedder, so that a crash costs little, and few enough steps for the longest file."""

_WRITES_AT_ONCE = 4
"""One takes the bucket some 50 ms: the 2,000 batches of a long table would take as many minutes as a step may."""

JSON = "application/json"
Vector = tuple[float, ...]

_CHUNKS = TypeAdapter(tuple[Chunk, ...])
_VECTORS = TypeAdapter(tuple[Vector, ...])


class Written(NamedTuple):
    """How many chunks were stored, in how many batches."""

    chunks: int
    batches: int


async def write_chunks(blobs: Blobs, document_id: str, generation: int, chunks: AsyncIterator[Chunk]) -> Written:
    """Store the chunks in batches as they come, a few at once; only those on their way are in memory."""
    written, writing = Written(0, 0), set[asyncio.Task[None]]()
    # Where one write fails, or no more chunks can be had, the group ends the others before the error is raised.
    try:
        async with asyncio.TaskGroup() as group:
            async for batch in _batches(chunks):
                if len(writing) == _WRITES_AT_ONCE:
                    await asyncio.wait(writing, return_when=asyncio.FIRST_COMPLETED)
                name, content = chunks_name(document_id, generation, written.batches), _CHUNKS.dump_json(batch)
                task = group.create_task(blobs.write(name, content, JSON))
                writing.add(task)
                task.add_done_callback(writing.discard)
                written = Written(written.chunks + len(batch), written.batches + 1)
    except ExceptionGroup as errors:
        first = errors.exceptions[0]
        raise first from first.__cause__
    return written


async def _batches(chunks: AsyncIterator[Chunk]) -> AsyncIterator[tuple[Chunk, ...]]:
    batch: list[Chunk] = []
    async for chunk in chunks:
        batch.append(chunk)
        if len(batch) == CHUNKS_A_BATCH:
            yield tuple(batch)
            batch = []
    if batch:
        yield tuple(batch)


async def read_chunks(blobs: Blobs, batch: StageMessage) -> tuple[Chunk, ...]:
    """The chunks of the batch that the message names."""
    return _CHUNKS.validate_json(await blobs.read(chunks_name(batch.document_id, batch.generation, batch.shard)))


async def write_vectors(blobs: Blobs, batch: StageMessage, vectors: Sequence[Vector]) -> None:
    """Store the vectors of the message's batch."""
    name = vectors_name(batch.document_id, batch.generation, batch.shard)
    await blobs.write(name, _VECTORS.dump_json(tuple(vectors)), JSON)


async def read_vectors(blobs: Blobs, batch: StageMessage) -> tuple[Vector, ...]:
    """The vectors of the message's batch, in the order of its chunks."""
    return _VECTORS.validate_json(await blobs.read(vectors_name(batch.document_id, batch.generation, batch.shard)))


async def any_vector(blobs: Blobs, names: Iterable[str]) -> Vector:
    """One of the vectors that these objects hold; an empty one where they hold none."""
    for name in filter(holds_vectors, names):
        try:
            vectors = _VECTORS.validate_json(await blobs.read(name))
        except NotFoundError:
            continue
        if vectors:
            return vectors[0]
    return ()
