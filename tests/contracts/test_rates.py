"""Counters that are exact however many count at once."""

import asyncio

from tests.contracts.conftest import Stores
from tests.contracts.records import after


async def test_of_fifty_at_once_each_gets_another_total(stores: Stores) -> None:
    totals = await asyncio.gather(*(stores.rates.count("key", after(60)) for _ in range(50)))

    assert sorted(totals) == list(range(1, 51))


async def test_keys_count_apart(stores: Stores) -> None:
    assert [await stores.rates.count(key, after(60)) for key in ("a", "b", "a")] == [1, 1, 2]
