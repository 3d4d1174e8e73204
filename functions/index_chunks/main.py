"""Puts one batch of chunks with their vectors into the index; the last batch makes the generation live."""

from shared.core.errors import NotFoundError, UnavailableError
from shared.domain.chunk import EmbeddedChunk
from shared.domain.document import Document, DocumentStatus, Stage
from shared.domain.step import StageMessage
from shared.ports.blobs import Blobs
from shared.ports.models import VectorIndex
from shared.runtime.functions import Delivery, stage_function
from shared.services.batches import read_chunks, read_vectors
from shared.services.pipeline import Pipeline
from shared.services.steps import StepOutput


@stage_function
async def index_chunks(
    message: StageMessage, delivery: Delivery, *, pipeline: Pipeline, blobs: Blobs, index: VectorIndex
) -> None:
    """A chunk's id is derived, so that indexing it twice stores it once."""

    async def work(document: Document) -> StepOutput:
        chunks = await read_chunks(blobs, message)
        try:
            vectors = await read_vectors(blobs, message)
        except NotFoundError as error:
            if document.status is DocumentStatus.INDEXING:
                raise
            raise UnavailableError("The batch is not embedded yet.") from error
        pairs = zip(chunks, vectors, strict=True)
        await index.put([EmbeddedChunk(chunk=chunk, vector=vector) for chunk, vector in pairs])
        return {"chunks": len(chunks)}

    await pipeline.run(Stage.INDEX, message, delivery.message_id, work)
