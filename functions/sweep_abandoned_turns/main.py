"""Settles turns whose instance died, and gives back what other dead work had set aside."""

from shared.core.clock import Clock
from shared.core.errors import ConflictError, NotFoundError, SynapseError
from shared.core.log import logger
from shared.domain.base import Model
from shared.domain.conversation import Turn
from shared.ports.store import Turns, Versioned
from shared.ports.usage import Usage
from shared.runtime.functions import schedule_function
from shared.services.abandoned import settle_abandoned

MOST = 200
"""Turns, and reservations, of one run, longest ended first; the next run goes on."""


class Sweep(Model):
    """What became of the turns whose lease had ended, and how many reservations were given back."""

    settled: int = 0
    moved_on: int = 0
    unreachable: int = 0
    given_back: int = 0


@schedule_function
async def sweep_abandoned_turns(*, turns: Turns, usage: Usage, clock: Clock) -> Sweep:
    """One turn's trouble does not keep the sweep from the others."""
    now = clock()
    counts = {"settled": 0, "moved_on": 0, "unreachable": 0}
    for read in await turns.abandoned(now, MOST):
        counts[await _settle(turns, read, clock)] += 1
    return Sweep(**counts, given_back=await usage.give_back_ended(now, MOST))


async def _settle(turns: Turns, read: Versioned[Turn], clock: Clock) -> str:
    try:
        await settle_abandoned(turns, read, clock())
    except (ConflictError, NotFoundError):
        return "moved_on"
    except SynapseError as error:
        logger.warning("could not settle a turn", extra={"turn_id": read.value.id, "code": error.code.value})
        return "unreachable"
    return "settled"
