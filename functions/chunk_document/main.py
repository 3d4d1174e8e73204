"""Cuts a document's text into chunks, one shard after another, and hands them on in batches."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from itertools import islice

from shared.core.ids import chunk_id
from shared.domain.blob import pages_name
from shared.domain.chunk import Chunk
from shared.domain.document import Document, Stage
from shared.domain.step import StageMessage, Step
from shared.ingest.chunk import Chunker, TextChunk
from shared.ingest.extract import judge
from shared.ingest.kinds import Kind
from shared.ingest.orders import flags_of
from shared.ingest.pages import load_pages
from shared.ports.blobs import Blobs
from shared.ports.models import TokenCounter
from shared.runtime.functions import Delivery, stage_function
from shared.services.batches import write_chunks
from shared.services.pipeline import Pipeline
from shared.services.steps import StepOutput

_AT_ONCE = 64
"""Passages that a thread cuts before the event loop, which keeps the step's lease, hands them on."""


@stage_function
async def chunk_document(
    message: StageMessage, delivery: Delivery, *, pipeline: Pipeline, blobs: Blobs, counter: TokenCounter
) -> None:
    """Writes `chunks-{batch}`; a document in which no shard found text is refused here, where all of it is known."""

    async def work(document: Document) -> StepOutput:
        shards = await pipeline.ledger.steps(document.id, document.generation, Stage.EXTRACT)
        _judge(document, shards)
        passages = _passages(document, shards, blobs, Chunker(counter.count, counter.max_tokens))
        chunks = _chunks(document, passages, pipeline.clock())
        written = await write_chunks(blobs, document.id, document.generation, chunks)
        _judge(document, shards, has_chunks=written.chunks > 0)
        return {"chunks": written.chunks, "batches": written.batches}

    await pipeline.run(Stage.CHUNK, message, delivery.message_id, work)


def _judge(document: Document, shards: Sequence[Step], *, has_chunks: bool = True) -> None:
    """Refuse a scan or an empty file; `characters` counts what is surely text, which a scanner's stamp is not."""
    characters = sum(step.output["characters"] for step in shards)
    has_pictures = any(step.output["has_pictures"] for step in shards)
    judge(Kind(document.content_type), characters if has_chunks else 0, has_pictures=has_pictures)


async def _passages(document: Document, shards: Sequence[Step], blobs: Blobs, chunker: Chunker) -> AsyncIterator[TextChunk]:
    """All passages in reading order; one shard's pages at a time are in memory."""
    for step in shards:
        stored = await blobs.read(pages_name(document.id, document.generation, step.key.shard))
        passages = await asyncio.to_thread(_cut, stored, chunker)
        while some := await asyncio.to_thread(_next, passages):
            for passage in some:
                yield passage


def _cut(stored: bytes, chunker: Chunker) -> Iterator[TextChunk]:
    return chunker.cut(load_pages(stored))


def _next(passages: Iterator[TextChunk]) -> list[TextChunk]:
    return list(islice(passages, _AT_ONCE))


async def _chunks(document: Document, passages: AsyncIterator[TextChunk], now: datetime) -> AsyncIterator[Chunk]:
    """The passages under ids that a redelivery gives them again."""
    ordinal = 0
    async for passage in passages:
        yield Chunk(
            id=chunk_id(document.id, document.generation, ordinal),
            document_id=document.id,
            generation=document.generation,
            ordinal=ordinal,
            owner_id=document.owner_id,
            bot_id=document.bot_id,
            text=passage.text,
            place=passage.place,
            tokens=passage.tokens,
            flags=flags_of(passage.text),
            created_at=now,
        )
        ordinal += 1
