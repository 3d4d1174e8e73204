"""Calls the scheduled functions when their cron lines, in UTC, say so, as Cloud Scheduler does."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import httpx
from cronsim import CronSim
from starlette.types import ASGIApp

from shared.core.clock import Clock
from shared.core.log import logger

_BASE_URL = "http://scheduler.invalid"
Sleep = Callable[[float], Awaitable[None]]


def next_run(cron: str, now: datetime, every_seconds: float | None) -> datetime:
    """The first moment after `now` at which the function is due; `every_seconds` takes the place of the cron line."""
    return now + timedelta(seconds=every_seconds) if every_seconds else next(CronSim(cron, now))


async def keep(
    call: Callable[[], Awaitable[None]], due: Callable[[datetime], datetime], clock: Clock, sleep: Sleep = asyncio.sleep
) -> None:
    """Call at every due moment until cancelled; a call that outlasts its turn skips the turns it missed."""
    while True:
        now = clock()
        await sleep(max(0.0, (due(now) - now).total_seconds()))
        await call()


async def post(app: ASGIApp, path: str) -> None:
    """POST to the function in this process; a refusal is logged, and the next turn comes anyway."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=_BASE_URL, timeout=None) as client:  # noqa: S113 - the function's own timeout holds
        reply = await client.post(path)
    if reply.is_error:
        logger.warning("a scheduled function failed", extra={"path": path.rsplit("/", 1)[-1], "status": reply.status_code})
