"""Removes a deleted conversation's turns and leaves its head as a tombstone for a day."""

from shared.domain.deletion import DeletionMessage
from shared.runtime.functions import stage_function
from shared.services.deletions import Deleting
from shared.services.purges import ConversationPurge, carry_out


@stage_function
async def purge_conversation(message: DeletionMessage, *, deleting: Deleting, purge: ConversationPurge) -> None:
    """A turn that still runs is waited for: what it has reserved must be given back."""
    await carry_out(deleting, purge, message)
