"""Deletes a conversation with all its turns, for whoever had it; a shared bot's owner loses them from the log too."""

from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.domain.deletion import DeletionKind, DeletionView
from shared.runtime.functions import Call, callable_function
from shared.services.deletions import Deleting


class DeleteConversation(Model):
    """Which conversation."""

    chat_id: Id


@callable_function
async def delete_conversation(doomed: DeleteConversation, call: Call, *, deleting: Deleting) -> DeletionView:
    """The deletion, whose receipt get_deletion shows; the same again for a conversation whose deletion began before."""
    deletion = await deleting.begin(DeletionKind.CONVERSATION, doomed.chat_id, call.uid)
    if deletion is None:
        raise NotFoundError("There is no such conversation.", field="chat_id")
    return DeletionView.of(deletion)
