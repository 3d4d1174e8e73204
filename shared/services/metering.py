"""Models' work that is no chat turn, at its payer's expense: set aside before it begins, settled however it ends."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.core.errors import SynapseError
from shared.core.ids import new_id
from shared.core.log import logger
from shared.domain.plan import FlowLimits, Reservation
from shared.ports.usage import Usage
from shared.services.ceiling import DailyCeiling

# Longer than any function that asks a model may run, so that nothing is given back that is still being used.
_LEASE = timedelta(minutes=10)

_unfinished: set[asyncio.Task[None]] = set()
"""The event loop keeps weak references alone; a settlement whose caller was cancelled must still end."""


@dataclass(frozen=True)
class Purse:
    """Where tokens are set aside: in the payer's account, and in the day's share of the whole project."""

    usage: Usage
    ceiling: DailyCeiling


@asynccontextmanager
async def metered(
    purse: Purse, reservation: Reservation, limits: FlowLimits, used_tokens: Callable[[], int]
) -> AsyncGenerator[None, None]:
    """Within the block the tokens are set aside; leaving it, by whatever way, settles them by what `used_tokens` then says.

    Raises ResourceExhaustedError over a limit; then nothing is counted.
    """
    grant = await purse.ceiling.take(reservation.tokens)
    try:
        reservation_id = new_id()
        # A cancelled reservation may stand nevertheless; the end of its lease gives it back.
        await purse.usage.reserve(reservation_id, reservation, limits, _LEASE)
        try:
            yield
        finally:
            await _see_through(_settle(purse.usage, reservation_id, reservation, used_tokens()))
    finally:
        purse.ceiling.give_back(grant, used_tokens())


async def _see_through(work: Coroutine[Any, Any, None]) -> None:
    """Do the work to its end, though the caller may be cancelled meanwhile."""
    task = asyncio.create_task(work)
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    await asyncio.shield(task)


async def _settle(usage: Usage, reservation_id: str, reservation: Reservation, used_tokens: int) -> None:
    try:
        await usage.settle(reservation_id, reservation, used_tokens)
    except SynapseError as error:
        # The work is done and its caller is owed the result; what was set aside is given back when its lease ends.
        extra = {"reservation": reservation_id, "used_tokens": used_tokens}
        logger.error("what a model used could not be settled", extra=extra, exc_info=error)
