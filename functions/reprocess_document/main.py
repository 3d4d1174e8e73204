"""Learns a document anew from its stored bytes; what it knew goes on answering until the new generation is whole."""

from shared.core.errors import FailedPreconditionError, NotFoundError
from shared.domain import pipeline as rules
from shared.domain.base import Id, Model
from shared.domain.document import Document
from shared.domain.document_view import DocumentView
from shared.ports.blobs import Blobs
from shared.runtime.functions import Call, callable_function
from shared.services.pipeline import Pipeline


class ReprocessDocument(Model):
    """Which document."""

    document_id: Id


@callable_function
async def reprocess_document(request: ReprocessDocument, call: Call, *, pipeline: Pipeline, blobs: Blobs) -> DocumentView:
    """The document at the beginning of its next generation. A text that did not change costs no new embedding.

    Raises FailedPreconditionError while it is being learned and where its bytes were never kept; ConflictError where another call
    was first.
    """
    if await pipeline.documents.get(request.document_id, call.uid) is None:
        raise NotFoundError("There is no such document.", field="document_id")
    read = await pipeline.documents.load(request.document_id)
    if read is None:
        raise NotFoundError("There is no such document.", field="document_id")
    relearned = rules.relearned(read.value, pipeline.moment())
    if relearned is None:
        message = "The document is still being learned; wait until it is ready or has failed."
        raise FailedPreconditionError(message, field="document_id")
    if not await _is_kept(read.value, blobs):
        raise FailedPreconditionError("The document's bytes were never kept; upload it again.", field="document_id")
    await pipeline.documents.replace(read, relearned)
    await pipeline.publish(rules.opening(relearned))
    return DocumentView.of(relearned, pipeline.clock())


async def _is_kept(document: Document, blobs: Blobs) -> bool:
    return not document.is_given_up and await blobs.stat(document.blob) is not None
