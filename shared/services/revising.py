"""Changes of what a turn's holder may be writing at the same moment: made again upon what was written meanwhile."""

from collections.abc import Awaitable, Callable

from shared.core.errors import ConflictError, NotFoundError
from shared.domain.conversation import Turn
from shared.ports.store import Turns, Versioned

# A holder writes every two seconds, and of changes at once one comes through each time.
TRIES = 8


async def revised_turn(turns: Turns, turn_id: str, owner_id: str, change: Callable[[Versioned[Turn]], Awaitable[Turn]]) -> Turn:
    """The owner's turn after the change. Raises NotFoundError (field turn_id), what the change raises, and ConflictError where
    others are first again and again.
    """
    for _ in range(TRIES):
        read = await turns.find(turn_id, owner_id)
        if read is None:
            raise NotFoundError("There is no such turn.", field="turn_id")
        try:
            return await change(read)
        except ConflictError:
            continue
    raise ConflictError("The turn is being written by many at once; ask again.", field="turn_id")
