"""Asks a running turn to end and keep what came; it ends at its next checkpoint."""

from shared.core.clock import Clock
from shared.domain.base import Id, Model
from shared.domain.conversation import Turn, TurnStatus
from shared.ports.store import Turns, Versioned
from shared.runtime.functions import Call, callable_function
from shared.services.abandoned import settle_abandoned
from shared.services.revising import revised_turn


class StopTurn(Model):
    """Which turn, of a conversation of the caller's."""

    turn_id: Id


class TurnState(Model):
    """Where the turn is: `running` still, where it is to end at its next checkpoint, STREAM_CHECKPOINT_SECONDS later at most.

    Where checkpoints are off it runs to its end.
    """

    turn_id: str
    status: TurnStatus


@callable_function
async def stop_turn(wanted: StopTurn, call: Call, *, turns: Turns, clock: Clock) -> TurnState:
    """An ended turn stays as it ended; one whose instance is gone is stopped here and now."""

    async def stop(read: Versioned[Turn]) -> Turn:
        now = clock()
        if read.value.status is TurnStatus.RUNNING and not read.value.is_held(now):
            return await settle_abandoned(turns, read, now, TurnStatus.STOPPED)
        if read.value.status is not TurnStatus.RUNNING or read.value.stop_requested_at:
            return read.value
        return (await turns.replace(read, read.value.model_copy(update={"stop_requested_at": now}))).value

    turn = await revised_turn(turns, wanted.turn_id, call.uid, stop)
    return TurnState(turn_id=turn.id, status=turn.status)
