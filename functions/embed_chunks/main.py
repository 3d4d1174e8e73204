"""Turns one batch of chunks into vectors and pays for each text once."""

from functions.embed_chunks.pay_once import PayOnce
from shared.domain.document import Document, Stage
from shared.domain.step import StageMessage
from shared.ports.blobs import Blobs
from shared.ports.ledger import Holds
from shared.ports.models import Embedder, EmbeddingCache
from shared.ports.pause import Pause
from shared.runtime.functions import Delivery, stage_function
from shared.services.batches import read_chunks, write_vectors
from shared.services.pipeline import Pipeline
from shared.services.steps import StepOutput


@stage_function
async def embed_chunks(  # noqa: PLR0913 - A function declares each port that it uses.
    message: StageMessage,
    delivery: Delivery,
    *,
    pipeline: Pipeline,
    blobs: Blobs,
    embedder: Embedder,
    cache: EmbeddingCache,
    holds: Holds,
    pause: Pause,
) -> None:
    """Writes `vectors-{batch}`; its step keeps how many texts and tokens were paid for."""

    async def work(_: Document) -> StepOutput:
        chunks = await read_chunks(blobs, message)
        pay_once = PayOnce(embedder, cache, holds, pipeline.clock, pause, pipeline.settings.step_lease_seconds)
        # The step's own name, so that whoever does it again after a death need not wait for the dead.
        vectors, paid = await pay_once.embed(
            [chunk.text for chunk in chunks], f"{message.document_id}-{message.generation}-{message.shard}"
        )
        await write_vectors(blobs, message, vectors)
        tokens = {chunk.text: chunk.tokens for chunk in chunks}
        return {"texts": len(chunks), "paid": len(paid), "tokens": sum(tokens[text] for text in paid)}

    await pipeline.run(Stage.EMBED, message, delivery.message_id, work)
