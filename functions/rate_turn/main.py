"""Keeps what the person who asked thinks of an answer; the bot's owner reads it in the log."""

from typing import Annotated

from pydantic import StringConstraints

from shared.core.clock import Clock
from shared.core.errors import FailedPreconditionError
from shared.domain.base import Id, Model
from shared.domain.conversation import Rating, Turn, TurnStatus
from shared.ports.store import Turns, Versioned
from shared.runtime.functions import Call, callable_function
from shared.services.abandoned import settle_abandoned
from shared.services.revising import revised_turn


class RateTurn(Model):
    """The turn and what to think of it; a rating of null takes it back, its comment too."""

    turn_id: Id
    rating: Rating | None
    comment: Annotated[str, StringConstraints(max_length=2000)] | None = None


class TurnRating(Model):
    """What is kept."""

    turn_id: str
    rating: Rating | None
    comment: str | None


@callable_function
async def rate_turn(wanted: RateTurn, call: Call, *, turns: Turns, clock: Clock) -> TurnRating:
    """The last rating counts. Raises FailedPreconditionError while the turn runs: only its holder writes it then."""

    async def rate(read: Versioned[Turn]) -> Turn:
        now = clock()
        if read.value.is_held(now):
            raise FailedPreconditionError("The turn is still running; rate it once it has ended.", field="turn_id")
        comment = wanted.comment if wanted.rating else None
        rated = read.value.model_copy(update={"rating": wanted.rating, "comment": comment, "rated_at": now})
        if rated.status is TurnStatus.RUNNING:
            # Its instance is gone, and the page shows it as interrupted already.
            return await settle_abandoned(turns, Versioned(rated, read.version), now)
        return (await turns.replace(read, rated)).value

    turn = await revised_turn(turns, wanted.turn_id, call.uid, rate)
    return TurnRating(turn_id=turn.id, rating=turn.rating, comment=turn.comment)
