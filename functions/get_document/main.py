"""Shows one document: how far it is, how often it was learned, and which generation answers."""

from shared.core.clock import Clock
from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.domain.document_view import DocumentView
from shared.ports.store import Documents
from shared.runtime.functions import Call, callable_function


class GetDocument(Model):
    """Which document."""

    document_id: Id


@callable_function
async def get_document(wanted: GetDocument, call: Call, *, documents: Documents, clock: Clock) -> DocumentView:
    """The document as it stands. Raises NotFoundError for a document that is absent, deleted or another's."""
    document = await documents.get(wanted.document_id, call.uid)
    if document is None:
        raise NotFoundError("There is no such document.", field="document_id")
    return DocumentView.of(document, clock())
