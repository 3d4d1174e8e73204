"""The day's ceiling is never passed, by however many calls and instances, and costs a write a block."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.core.errors import ResourceExhaustedError, UnavailableError
from shared.services.ceiling import DailyCeiling
from tests.memory.interposed import Interposed, Raises
from tests.memory.store import MemoryStore
from tests.memory.turns import MemoryCeiling

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMIT = 100_000


class Day:
    """A day with a clock, and the instances that share its ceiling."""

    def __init__(self) -> None:
        self.now = NOON
        self.store = MemoryStore()
        self.hook = Raises()

    def instance(self, limit: int = LIMIT) -> DailyCeiling:
        return DailyCeiling(Interposed(MemoryCeiling(self.store), self.hook), limit, lambda: self.now)

    @property
    def grants(self) -> int:
        return self.hook.seen.count("before grant")


async def taken(ceiling: DailyCeiling, tokens: int) -> int:
    try:
        await ceiling.take(tokens)
    except ResourceExhaustedError:
        return 0
    return tokens


async def test_fifty_calls_at_once_on_three_instances_never_pass_the_ceiling() -> None:
    day = Day()
    instances = [day.instance() for _ in range(3)]

    every = await asyncio.gather(*(taken(instances[number % 3], 3000) for number in range(50)))

    assert 0 < sum(every) <= LIMIT
    assert day.store.ceilings["20261122"] <= LIMIT
    # What one instance holds and has not spent is all that the others cannot have.
    assert sum(every) >= LIMIT - 3 * 3000


async def test_only_a_new_block_costs_a_write() -> None:
    day = Day()
    ceiling = day.instance(limit=50_000_000)
    for _ in range(100):
        await ceiling.take(1000)
    assert day.grants == 1


async def test_what_was_not_used_is_spent_by_the_next() -> None:
    day = Day()
    ceiling = day.instance()
    grant = await ceiling.take(LIMIT)
    with pytest.raises(ResourceExhaustedError):
        await ceiling.take(1)
    ceiling.give_back(grant, used_tokens=40_000)
    await ceiling.take(60_000)
    assert await taken(ceiling, 1) == 0


async def test_what_was_used_beyond_the_grant_is_counted_too() -> None:
    ceiling = Day().instance()
    ceiling.give_back(await ceiling.take(1000), used_tokens=LIMIT)
    assert await taken(ceiling, LIMIT - 900) == 0


async def test_a_spent_day_says_when_it_ends_and_that_the_limit_is_the_services() -> None:
    ceiling = Day().instance()
    with pytest.raises(ResourceExhaustedError, match="service has reached its own limit") as refused:
        await ceiling.take(LIMIT + 1)
    assert refused.value.retry_after_seconds == 12 * 3600


async def test_a_flood_of_refused_calls_asks_the_store_once_a_minute() -> None:
    day = Day()
    ceiling = day.instance()
    await ceiling.take(LIMIT)
    for _ in range(100):
        assert await taken(ceiling, 500) == 0
    assert day.grants == 2
    day.now += timedelta(seconds=60)
    assert await taken(ceiling, 500) == 0
    assert day.grants == 3


async def test_a_new_day_begins_anew_and_yesterdays_rest_is_gone() -> None:
    day = Day()
    ceiling = day.instance()
    grant = await ceiling.take(LIMIT)
    day.now += timedelta(hours=12)
    assert await taken(ceiling, LIMIT) == LIMIT
    ceiling.give_back(grant)
    assert await taken(ceiling, 1) == 0
    assert day.store.ceilings == {"20261122": LIMIT, "20261123": LIMIT}


async def test_without_a_ceiling_nothing_is_counted() -> None:
    day = Day()
    ceiling = day.instance(limit=0)
    ceiling.give_back(await ceiling.take(10**12), 5)
    assert (day.grants, day.store.ceilings) == (0, {})


async def test_a_store_that_does_not_answer_is_told_and_asked_again() -> None:
    day = Day()
    day.hook.errors["before grant"] = [UnavailableError("down")]
    ceiling = day.instance()
    with pytest.raises(UnavailableError):
        await ceiling.take(1000)
    assert await taken(ceiling, 1000) == 1000
