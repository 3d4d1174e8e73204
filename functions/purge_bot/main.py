"""Has a deleted bot's documents deleted, waits until none is left, and removes its versions and its head."""

from shared.domain.deletion import DeletionMessage
from shared.runtime.functions import stage_function
from shared.services.deletions import Deleting
from shared.services.purges import BotPurge, carry_out


@stage_function
async def purge_bot(message: DeletionMessage, *, deleting: Deleting, purge: BotPurge) -> None:
    """A document that was announced while the bot was being deleted is found by the last look."""
    await carry_out(deleting, purge, message)
