"""Tells how far a document is; a page that cannot listen to Firestore polls it."""

from shared.core.clock import Clock
from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.domain.document_view import DocumentView
from shared.ports.store import Documents
from shared.runtime.functions import Call, callable_function


class GetUploadStatus(Model):
    """Which upload: the job is the document that it makes."""

    job_id: Id


@callable_function
async def get_upload_status(request: GetUploadStatus, call: Call, *, documents: Documents, clock: Clock) -> DocumentView:
    """The upload as it stands. Raises NotFoundError for an upload that is absent or another's."""
    document = await documents.get(request.job_id, call.uid)
    if document is None:
        raise NotFoundError("There is no such upload.", field="job_id")
    return DocumentView.of(document, clock())
