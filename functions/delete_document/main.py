"""Deletes a document with everything that was learned from it; it is found no more from the moment of the answer on."""

from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.domain.deletion import DeletionKind, DeletionView
from shared.runtime.functions import Call, callable_function
from shared.services.deletions import Deleting


class DeleteDocument(Model):
    """Which document."""

    document_id: Id


@callable_function
async def delete_document(doomed: DeleteDocument, call: Call, *, deleting: Deleting) -> DeletionView:
    """The deletion, whose receipt get_deletion shows; the same again for a document whose deletion began before."""
    deletion = await deleting.begin(DeletionKind.DOCUMENT, doomed.document_id, call.uid)
    if deletion is None:
        raise NotFoundError("There is no such document.", field="document_id")
    return DeletionView.of(deletion)
