"""Has a bot learn what lies at an address: a page, a file, a video's transcript, or the pages of a site."""

from functools import partial
from typing import Any

from functions.submit_url.models import SubmitUrl
from shared.core.errors import AlreadyExistsError, FailedPreconditionError
from shared.domain import fetching as rules
from shared.domain import pipeline as pipeline_rules
from shared.domain.document import Document, DocumentSource, DocumentStatus
from shared.domain.document_view import DocumentView
from shared.domain.links import name_of, page_url
from shared.domain.plan import plan_of
from shared.domain.web import Scope, WebSource
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function
from shared.services.bots import find_bot
from shared.services.pipeline import Pipeline


@callable_function
async def submit_url(request: SubmitUrl, call: Call, *, bots: Bots, pipeline: Pipeline) -> DocumentView:
    """The document on its way. An address that the bot knows is fetched anew, as the next generation of the same document.

    While that document is being learned, it goes on, as what was said of it now. Raises FailedPreconditionError where it is being
    deleted.
    """
    url = page_url(request.url, allow_private=pipeline.settings.allow_private_providers)
    await find_bot(bots, request.bot_id, call.uid)
    told = _told(request, url, pipeline)
    document = rules.submitted(
        rules.web_id(request.bot_id, url, request.scope),
        pipeline.moment(),
        owner_id=call.uid,
        bot_id=request.bot_id,
        url=url,
        source=DocumentSource.URL if request.scope is Scope.PAGE else DocumentSource.SITE,
        # What it is will be known once it is there.
        content_type="application/octet-stream" if request.scope is Scope.PAGE else "text/html",
        correlation_id=call.correlation_id,
        **told,
    )
    try:
        await pipeline.documents.create(document, plan_of(call.account).stock)
    except AlreadyExistsError:
        document = await _submitted_before(document, told, pipeline)
    if document.status is DocumentStatus.FETCHING:
        await pipeline.publish(pipeline_rules.opening(document))
    return DocumentView.of(document, pipeline.clock())


async def _submitted_before(document: Document, told: dict[str, Any], pipeline: Pipeline) -> Document:
    read = await pipeline.documents.load(document.id)
    if read is None or read.value.status is DocumentStatus.DELETING or read.value.is_given_up:
        message = (
            "The document of this address is being deleted, or its bytes never came; delete it, and submit the address then."
        )
        raise FailedPreconditionError(message, field="url")
    cost = read.value.cost + await pipeline.cost_of_failure(read.value)
    anew = rules.fetched_anew(read.value, pipeline.moment(), cost=cost, **told)
    if anew is None:
        said = partial(rules.resubmitted, **told)
        return await pipeline.change(pipeline_rules.step_message(read.value), said) or read.value
    await pipeline.documents.replace(read, anew)
    return anew


def _told(request: SubmitUrl, url: str, pipeline: Pipeline) -> dict[str, Any]:
    is_page = request.scope is Scope.PAGE
    web = WebSource(
        scope=request.scope,
        max_pages=1 if is_page else request.max_pages,
        max_depth=0 if is_page else request.max_depth,
        refresh=request.refresh,
        is_titled=request.title is not None,
    )
    # A page that a site brought is from now on its submitter's own, and stays where the site is deleted.
    own = {"parent_id": None, "title": request.title or name_of(url)}
    return {**own, "web": web, "refresh_at": web.next_after(pipeline.clock())}
