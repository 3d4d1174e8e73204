"""Takes a failed document up again where it stopped."""

from shared.domain.blob import derived_prefix
from shared.domain.document import Document
from shared.domain.revival import inputs, revived
from shared.ports.blobs import Blobs
from shared.ports.store import Versioned
from shared.services.pipeline import Pipeline


async def revive(pipeline: Pipeline, blobs: Blobs, read: Versioned[Document]) -> Document | None:
    """The document on its way again in the same generation, with what it lacks asked for; None where that cannot help.

    Raises ConflictError where another was first.
    """
    again = revived(read.value, pipeline.moment())
    if again is None or not await _has_inputs(blobs, again):
        return None
    await pipeline.documents.replace(read, again)
    await pipeline.retry(again)
    return again


async def _has_inputs(blobs: Blobs, document: Document) -> bool:
    """Whether what the stages before have made is still there."""
    needed = inputs(document)
    if needed == {document.blob}:
        return await blobs.stat(document.blob) is not None
    return not needed or needed <= set(await blobs.list(derived_prefix(document.id, document.generation)))
