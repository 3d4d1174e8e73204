"""Asks again for each purge that is due: its message was lost or is dead, it waits for something, or its last look has come."""

from shared.core.errors import ConflictError
from shared.core.log import joined, logger
from shared.domain import deletion as rules
from shared.domain.base import Model
from shared.domain.deletion import Deletion
from shared.ports.store import Versioned
from shared.runtime.functions import schedule_function
from shared.services.deletions import Deleting

MOST_DELETIONS = 200
"""What one run drives, longest due first; the next minute goes on."""

LONG_TRIED = 12
"""By then the waits between tries have grown to an hour, and somebody should look."""


class DeletionSweep(Model):
    """How many deletions were asked for again."""

    driven: int = 0


@schedule_function
async def sweep_deletions(*, deleting: Deleting) -> DeletionSweep:
    """A deletion ends however often its messages die."""
    due = await deleting.deletions.due(deleting.clock(), MOST_DELETIONS)
    return DeletionSweep(driven=sum([await _drive(deleting, read) for read in due]))


async def _drive(deleting: Deleting, read: Versioned[Deletion]) -> bool:
    deletion = read.value
    if deletion.attempts >= LONG_TRIED:
        logger.error("a deletion does not end", extra={"deletion_id": deletion.id, "attempts": deletion.attempts})
    with joined(deletion.correlation_id):
        await deleting.ask(deletion)
    try:
        await deleting.deletions.replace(read, rules.driven(deletion, deleting.clock()))
    except ConflictError:
        return False  # It moves by itself.
    return True
