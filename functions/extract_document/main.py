"""Reads one range of a file's pages as text; the first shard plans how many there are."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from functions.extract_document.sight import Sight
from shared.domain.blob import pages_name
from shared.domain.document import Document, DocumentSource, DocumentStatus, Stage
from shared.domain.step import StageMessage
from shared.ingest.extraction import Extraction
from shared.ingest.kinds import Kind
from shared.ingest.pages import dump_pages
from shared.ingest.sandbox import extract_contained, open_contained
from shared.ports.blobs import Blobs
from shared.runtime.functions import Delivery, stage_function
from shared.services.attachments import Attachments
from shared.services.batches import JSON
from shared.services.pipeline import Pipeline
from shared.services.steps import StepOutput


@stage_function
async def extract_document(
    message: StageMessage, delivery: Delivery, *, pipeline: Pipeline, blobs: Blobs, attachments: Attachments, sight: Sight
) -> None:
    """Writes `pages-{shard}`; its step keeps what judges the whole document: characters, and whether pictures may hide more."""

    async def work(document: Document) -> StepOutput:
        with TemporaryDirectory() as folder:
            path = Path(folder, "upload")
            await blobs.download(document.blob, path)
            kind, extraction = await _read(pipeline, document, message.shard, path)
            seen = await sight.look(document, kind, extraction, path, f"{message.generation}-{message.shard}")
            extraction = seen.extraction
            await attachments.keep(document, extraction, path.parent)
        content = await asyncio.to_thread(dump_pages, extraction.pages)
        await blobs.write(pages_name(document.id, document.generation, message.shard), content, JSON)
        found = {"characters": extraction.characters, "has_pictures": extraction.has_pictures}
        return found | {"vision_tokens": seen.tokens}

    await pipeline.run(Stage.EXTRACT, message, delivery.message_id, work)


async def _read(pipeline: Pipeline, document: Document, shard: int, path: Path) -> tuple[Kind, Extraction]:
    """The shard. The first one finds out what the file is, and asks for the others, again where it was interrupted doing so."""
    if document.source is DocumentSource.TEXT:
        # Known to be text, whatever it begins with: one that tells of PDF files is none.
        await pipeline.plan(document, document.content_type, None, 1)
    elif document.status is DocumentStatus.RECEIVED:
        opened = await open_contained(path, document.content_type)
        plan = opened.plan
        await pipeline.plan(document, plan.kind, plan.pages, plan.shards)
        return plan.kind, opened.extraction or await extract_contained(path, plan.kind, shard)
    elif shard == 0:
        await pipeline.resume(document)
    kind = Kind(document.content_type)
    return kind, await extract_contained(path, kind, shard)
