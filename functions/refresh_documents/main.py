"""Asks for the pages and sites whose refresh is due; what they taught goes on answering meanwhile."""

from shared.core.errors import ConflictError
from shared.domain import fetching as rules
from shared.domain import pipeline as pipeline_rules
from shared.domain.base import Model
from shared.domain.document import Document, Stage
from shared.domain.web import WebSource
from shared.runtime.functions import schedule_function
from shared.services.pipeline import Pipeline

MOST_DOCUMENTS = 500
"""What one run asks for, longest due first; the next hour goes on."""


class Refreshing(Model):
    """How many pages are looked at, and how many sites are walked again."""

    pages: int = 0
    sites: int = 0


@schedule_function
async def refresh_documents(*, pipeline: Pipeline) -> Refreshing:
    """A page that is asked for twice is looked at twice, and learned once."""
    now = pipeline.clock()
    due = [one for one in await pipeline.documents.to_refresh(now, MOST_DOCUMENTS) if rules.is_refresh_due(one, now)]
    pages = [document for document in due if rules.is_page(document)]
    await pipeline.publish(pipeline_rules.publication(document, Stage.FETCH) for document in pages)
    walked = [await _walk_again(pipeline, document.id) for document in due if not rules.is_page(document)]
    return Refreshing(pages=len(pages), sites=sum(walked))


async def _walk_again(pipeline: Pipeline, document_id: str) -> bool:
    read = await pipeline.documents.load(document_id)
    if read is None:
        return False
    again: Document | None = rules.fetched_anew(
        read.value, pipeline.moment(), refresh_at=(read.value.web or WebSource()).next_after(pipeline.clock())
    )
    if again is None:
        return False
    try:
        await pipeline.documents.replace(read, again)
    except ConflictError:
        # Somebody has submitted or deleted it just now.
        return False
    await pipeline.publish(pipeline_rules.opening(again))
    return True
