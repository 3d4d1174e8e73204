"""Fetches a document's page into the bucket, walks a site's pages, or looks whether a page that was learned has changed."""

from shared.domain import fetching as rules
from shared.domain.document import Document, DocumentSource, Stage
from shared.domain.step import StageMessage
from shared.runtime.functions import Delivery, stage_function
from shared.services.pages import Pages
from shared.services.pipeline import Pipeline
from shared.services.sites import Sites
from shared.services.steps import StepOutput


@stage_function
async def fetch_url(message: StageMessage, delivery: Delivery, *, pipeline: Pipeline, pages: Pages) -> None:
    """A page is written to `uploads/{document_id}`, whose notice changes nothing; extraction is asked for here."""

    async def work(document: Document) -> StepOutput:
        return await Sites(pages).walk(document) if document.source is DocumentSource.SITE else await pages.learn(document)

    read = await pipeline.documents.load(message.document_id)
    if read and rules.is_page(read.value) and rules.is_refresh_due(read.value, pipeline.clock()):
        await pages.refresh(read)
    else:
        await pipeline.run(Stage.FETCH, message, delivery.message_id, work)
