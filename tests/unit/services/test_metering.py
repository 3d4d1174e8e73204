"""What models' work costs is settled once, whichever way the work ends."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from shared.core.errors import ResourceExhaustedError, UnavailableError
from shared.domain.plan import FREE, Reservation
from shared.services.ceiling import DailyCeiling
from shared.services.metering import Purse, metered
from tests.memory.interposed import Interposed, Raises
from tests.memory.store import MemoryStore
from tests.memory.turns import MemoryCeiling, MemoryUsage

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
RESERVATION = Reservation(owner_id="alice", at=NOW, tokens=1000)
TOKENS = ("alice", "tokens 2026-11")


async def nothing(_: str) -> None:
    """Lets every call through."""


def purse(store: MemoryStore, hook: Callable[[str], Awaitable[None]] = nothing, day: int = 5000) -> Purse:
    """The store's usage behind the hook, and a day of so many tokens."""
    return Purse(Interposed(MemoryUsage(store), hook), DailyCeiling(MemoryCeiling(store), day, lambda: NOW))


async def test_within_the_block_the_tokens_are_set_aside_and_after_it_what_was_used_is_counted():
    store = MemoryStore()
    async with metered(purse(store), RESERVATION, FREE.flow, lambda: 40):
        assert store.flow[TOKENS] == 1000
    assert (store.flow[TOKENS], store.reservations) == (40, {})


async def test_work_that_fails_is_settled_and_its_error_goes_on():
    store = MemoryStore()

    async def work() -> None:
        async with metered(purse(store), RESERVATION, FREE.flow, lambda: 7):
            raise UnavailableError("The model broke.")

    with pytest.raises(UnavailableError, match="The model broke"):
        await work()
    assert (store.flow[TOKENS], store.reservations) == (7, {})


async def test_over_a_limit_the_block_is_not_entered():
    store = MemoryStore()
    with pytest.raises(ResourceExhaustedError, match="tokens a month"):
        async with metered(purse(store), RESERVATION, FREE.flow.model_copy(update={"tokens_per_month": 999}), int):
            pytest.fail("The block was entered.")
    assert (store.flow[TOKENS], store.reservations) == (0, {})


async def test_the_projects_day_gets_back_what_was_not_used():
    store = MemoryStore()
    spending = purse(store, day=1500)
    for _ in range(10):
        async with metered(spending, RESERVATION, FREE.flow, lambda: 40):
            pass
    assert store.flow[TOKENS] == 400


async def test_a_day_that_is_spent_refuses_before_the_payer_is_asked():
    store = MemoryStore()
    with pytest.raises(ResourceExhaustedError, match="for today"):
        async with metered(purse(store, day=999), RESERVATION, FREE.flow, int):
            pytest.fail("The block was entered.")
    assert store.flow == {}


async def test_work_that_the_payers_plan_refuses_costs_nothing_of_the_day():
    spending, narrow = purse(MemoryStore(), day=1000), FREE.flow.model_copy(update={"tokens_per_month": 999})
    for _ in range(3):
        with pytest.raises(ResourceExhaustedError, match="999 tokens a month"):
            await metered(spending, RESERVATION, narrow, int).__aenter__()
    async with metered(spending, RESERVATION, FREE.flow, int):
        pass


async def test_work_that_is_cancelled_is_settled_though_the_store_is_slow():
    store, entered, may_settle = MemoryStore(), asyncio.Event(), asyncio.Event()

    async def slow(moment: str) -> None:
        if moment == "before settle":
            await may_settle.wait()

    async def work() -> None:
        async with metered(purse(store, slow), RESERVATION, FREE.flow, lambda: 5):
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    may_settle.set()
    await asyncio.sleep(0.01)
    assert (store.flow[TOKENS], store.reservations) == (5, {})


async def test_a_settlement_that_fails_takes_nothing_from_the_caller_and_its_lease_gives_the_tokens_back():
    store = MemoryStore()
    failing = Raises({"before settle": [UnavailableError("The store did not answer.")]})
    async with metered(purse(store, failing), RESERVATION, FREE.flow, lambda: 40):
        pass
    assert store.flow[TOKENS] == 1000
    [open_one] = store.reservations.values()
    assert await MemoryUsage(store).give_back_ended(open_one.lease_until, 10) == 1
    assert store.flow[TOKENS] == 0
