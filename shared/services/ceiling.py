"""The project's daily ceiling as one instance keeps it: it takes tokens in blocks, and spends them in memory.

Only a new block costs a write, so that no document is written by every call. What an instance has not spent when it ends is lost
for that day: at most one block and what its running work gave back.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.core.clock import Clock
from shared.core.errors import ResourceExhaustedError
from shared.ports.ceiling import Ceiling

# Some twenty turns; a hundred instances that end on a day lose a fifth of it at most.
_BLOCKS_A_DAY = 500
# How long an instance that was refused takes the day for spent, so that a flood of calls does not become a flood of writes.
_REFUSED = timedelta(seconds=60)


@dataclass(frozen=True)
class Grant:
    """Tokens that may be used on that day."""

    day: str
    tokens: int


class DailyCeiling:
    """One instance's share of the day; a limit of 0 is none."""

    def __init__(self, ceiling: Ceiling, limit: int, clock: Clock) -> None:
        self._ceiling = ceiling
        self._limit = limit
        self._clock = clock
        self._day = ""
        self._left = 0
        self._refused_until: datetime | None = None
        self._fetching = asyncio.Lock()

    async def take(self, tokens: int) -> Grant:
        """Set the tokens aside. Raises ResourceExhaustedError until midnight, UTC, where the day has no room for them."""
        if not self._limit:
            return Grant("", tokens)
        # One at a time: ten calls that find the block spent need one new block, and not ten.
        async with self._fetching:
            self._turn_page()
            if self._left < tokens:
                await self._fetch(tokens - self._left)
            if self._left < tokens:
                raise self._spent()
            self._left -= tokens
            return Grant(self._day, tokens)

    def give_back(self, grant: Grant, used_tokens: int = 0) -> None:
        """Put back what was not used; what was used beyond the grant is taken from the block. Yesterday's is gone."""
        if grant.day == self._day:
            self._left += grant.tokens - used_tokens

    async def _fetch(self, missing: int) -> None:
        now = self._clock()
        if self._refused_until and now < self._refused_until:
            return
        wanted = max(missing, self._limit // _BLOCKS_A_DAY)
        granted = await self._ceiling.grant(self._day, wanted, self._limit)
        self._left += granted
        # What is handed out never comes back to the others, so a day that was spent once stays so.
        self._refused_until = now + _REFUSED if granted < wanted else None

    def _turn_page(self) -> None:
        day = self._clock().astimezone(UTC).strftime("%Y%m%d")
        if day != self._day:
            self._day, self._left, self._refused_until = day, 0, None

    def _spent(self) -> ResourceExhaustedError:
        now = self._clock().astimezone(UTC)
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        return ResourceExhaustedError(
            "The service has reached its own limit for today; it is no limit of yours. It answers again after midnight, UTC.",
            retry_after_seconds=(midnight - now).total_seconds(),
        )
