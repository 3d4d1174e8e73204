"""What a document that was learned anew keeps of its earlier generations, and how that is removed."""

from shared.core.errors import ConflictError
from shared.domain import ending
from shared.domain import pipeline as rules
from shared.domain.blob import derived_prefix
from shared.domain.step import StageMessage
from shared.ports.blobs import Blobs
from shared.ports.models import VectorIndex
from shared.services.pipeline import WRITE_TRIES, Pipeline
from shared.services.purges import MOST, remove_objects


async def purge_old_generations(pipeline: Pipeline, blobs: Blobs, index: VectorIndex, message: StageMessage) -> None:
    """Remove a bounded part and ask for the next; when all is gone, record it. Nothing for a document that is gone or deleted.

    Steps stay: they hold counts alone, and tell a late stage of an old generation that its work is done.
    """
    read = await pipeline.documents.load(message.document_id)
    if read is None or not read.value.has_old_generations:
        return
    document = read.value
    for generation in range(document.purged_generation + 1, document.live_generation):
        if not await _clear(blobs, index, document.id, generation):
            await pipeline.queue.publish(rules.PURGE_GENERATIONS, [message.model_dump()])
            return
    await _record(pipeline, document.id, document.live_generation)


async def _clear(blobs: Blobs, index: VectorIndex, document_id: str, generation: int) -> bool:
    chunks = await index.delete(document_id, generation, MOST)
    names = (await blobs.list(derived_prefix(document_id, generation)))[:MOST]
    await remove_objects(blobs, names)
    return max(chunks, len(names)) < MOST


async def _record(pipeline: Pipeline, document_id: str, live_generation: int) -> None:
    """Write that nothing is left, reading again where a stage of the next generation was quicker."""
    for _ in range(WRITE_TRIES):
        read = await pipeline.documents.load(document_id)
        purged = ending.without_old_generations(read.value, live_generation) if read else None
        if read is None or purged is None:
            return
        try:
            await pipeline.documents.replace(read, purged)
        except ConflictError:
            continue
        return
    raise ConflictError("The document is being written by many at once.")
