"""What the stages hand on through the bucket: chunks in batches, and their vectors in the same order."""

from collections.abc import Iterable, Sequence

from pydantic import TypeAdapter

from shared.core.errors import NotFoundError
from shared.domain.blob import chunks_name, holds_vectors, vectors_name
from shared.domain.chunk import Chunk
from shared.domain.step import StageMessage
from shared.ports.blobs import Blobs

CHUNKS_A_BATCH = 32
"""Two seconds of the local embedder, so that a crash costs little, and few enough steps for the longest file."""

JSON = "application/json"
Vector = tuple[float, ...]

_CHUNKS = TypeAdapter(tuple[Chunk, ...])
_VECTORS = TypeAdapter(tuple[Vector, ...])


async def write_chunks(blobs: Blobs, document_id: str, generation: int, chunks: Sequence[Chunk]) -> int:
    """Store the chunks in batches; how many batches."""
    batches = [chunks[start : start + CHUNKS_A_BATCH] for start in range(0, len(chunks), CHUNKS_A_BATCH)]
    for number, batch in enumerate(batches):
        await blobs.write(chunks_name(document_id, generation, number), _CHUNKS.dump_json(tuple(batch)), JSON)
    return len(batches)


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
