"""Cuts a whole document's text into chunks and hands them on in batches."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from shared.core.ids import chunk_id
from shared.domain.blob import pages_name
from shared.domain.chunk import Chunk
from shared.domain.document import Document, Stage
from shared.domain.page import TextPage
from shared.domain.step import StageMessage, Step
from shared.ingest.chunk import chunk
from shared.ingest.extract import judge
from shared.ingest.kinds import Kind
from shared.ingest.pages import load_pages
from shared.ports.blobs import Blobs
from shared.ports.models import TokenCounter
from shared.runtime.functions import Delivery, stage_function
from shared.services.batches import write_chunks
from shared.services.pipeline import Pipeline
from shared.services.steps import StepOutput


@stage_function
async def chunk_document(
    message: StageMessage, delivery: Delivery, *, pipeline: Pipeline, blobs: Blobs, counter: TokenCounter
) -> None:
    """Writes `chunks-{batch}`; a document in which no shard found text is refused here, where all of it is known."""

    async def work(document: Document) -> StepOutput:
        shards = await pipeline.ledger.steps(document.id, document.generation, Stage.EXTRACT)
        names = [pages_name(document.id, document.generation, step.key.shard) for step in shards]
        stored = [await blobs.read(name) for name in names]
        chunks = await asyncio.to_thread(_chunks, document, stored, counter, pipeline.clock())
        _judge(document, shards, has_chunks=bool(chunks))
        return {"chunks": len(chunks), "batches": await write_chunks(blobs, document.id, document.generation, chunks)}

    await pipeline.run(Stage.CHUNK, message, delivery.message_id, work)


def _judge(document: Document, shards: Sequence[Step], *, has_chunks: bool) -> None:
    """Refuse a scan or an empty file; `characters` counts what is surely text, which a scanner's stamp is not."""
    characters = sum(step.output["characters"] for step in shards)
    has_pictures = any(step.output["has_pictures"] for step in shards)
    judge(Kind(document.content_type), characters if has_chunks else 0, has_pictures=has_pictures)


def _chunks(document: Document, stored: list[bytes], counter: TokenCounter, now: datetime) -> list[Chunk]:
    pages: list[TextPage] = [page for shard in stored for page in load_pages(shard)]
    return [
        Chunk(
            id=chunk_id(document.id, document.generation, ordinal),
            document_id=document.id,
            generation=document.generation,
            ordinal=ordinal,
            owner_id=document.owner_id,
            bot_id=document.bot_id,
            text=passage.text,
            place=passage.place,
            created_at=now,
        )
        for ordinal, passage in enumerate(chunk(pages, counter.count, counter.max_tokens))
    ]
