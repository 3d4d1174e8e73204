"""Takes a failed document up where it stopped, or learns it anew; what it knew goes on answering until that is done."""

from shared.core.errors import FailedPreconditionError, NotFoundError
from shared.domain import fetching
from shared.domain import pipeline as rules
from shared.domain.base import Id, Model
from shared.domain.document import Document, DocumentSource, DocumentStatus
from shared.domain.document_view import DocumentView
from shared.ports.blobs import Blobs
from shared.ports.contents import Contents
from shared.ports.store import Versioned
from shared.runtime.functions import Call, callable_function
from shared.services.originals import require_original
from shared.services.pipeline import Pipeline
from shared.services.revivals import revive

_FROM_THE_WEB = {DocumentSource.URL, DocumentSource.SITE}


class ReprocessDocument(Model):
    """Which document."""

    document_id: Id


@callable_function
async def reprocess_document(
    request: ReprocessDocument, call: Call, *, pipeline: Pipeline, contents: Contents, blobs: Blobs
) -> DocumentView:
    """A document that failed for a reason that may pass goes on in the same generation, and no finished step is done again.

    Any other begins its next generation, one from the web by being fetched; a text that did not change costs no new embedding.
    Raises FailedPreconditionError while it is being learned, where its bytes were never kept and where another document of the
    bot has them by now; ConflictError where another call was first.
    """
    if await pipeline.documents.get(request.document_id, call.uid) is None:
        raise NotFoundError("There is no such document.", field="document_id")
    read = await pipeline.documents.load(request.document_id)
    if read is None:
        raise NotFoundError("There is no such document.", field="document_id")
    await require_original(pipeline, contents, read.value)
    again = await revive(pipeline, blobs, read) or await _begin_anew(pipeline, blobs, read)
    return DocumentView.of(again, pipeline.clock())


async def _begin_anew(pipeline: Pipeline, blobs: Blobs, read: Versioned[Document]) -> Document:
    anew = await _anew(pipeline, read.value)
    if anew is None:
        message = "The document is still being learned; wait until it is ready or has failed."
        raise FailedPreconditionError(message, field="document_id")
    if anew.status is not DocumentStatus.FETCHING and not await _is_kept(read.value, blobs):
        raise FailedPreconditionError("The document's bytes were never kept; upload it again.", field="document_id")
    await pipeline.documents.replace(read, anew)
    await pipeline.publish(rules.opening(anew))
    return anew


async def _anew(pipeline: Pipeline, document: Document) -> Document | None:
    spent = await pipeline.cost_of_failure(document)
    if document.source in _FROM_THE_WEB:
        return fetching.fetched_anew(document, pipeline.moment(), cost=document.cost + spent)
    return rules.relearned(document, pipeline.moment(), spent)


async def _is_kept(document: Document, blobs: Blobs) -> bool:
    return not document.is_given_up and await blobs.stat(document.blob) is not None
