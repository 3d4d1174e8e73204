"""Deletes a bot with its versions and documents; conversations with it stay with those who had them."""

from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.domain.deletion import DeletionKind, DeletionView
from shared.runtime.functions import Call, callable_function
from shared.services.deletions import Deleting


class DeleteBot(Model):
    """Which bot."""

    bot_id: Id


@callable_function
async def delete_bot(doomed: DeleteBot, call: Call, *, deleting: Deleting) -> DeletionView:
    """The deletion, whose receipt get_deletion shows; the same again for a bot whose deletion began before."""
    deletion = await deleting.begin(DeletionKind.BOT, doomed.bot_id, call.uid)
    if deletion is None:
        raise NotFoundError("There is no such bot.", field="bot_id")
    return DeletionView.of(deletion)
