"""Public functions that name it let a network call so often in an hour, counted across instances."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import StringIO

import pytest
from google.cloud.firestore import AsyncClient

from shared.adapters.firestore_rates import FirestoreRates
from shared.core.clock import Clock
from shared.core.errors import UnavailableError
from shared.ports.rates import Rates
from shared.runtime.wiring import bound
from tests.functional.harness import Client, Reply, client_of
from tests.functional.runtime.samples import http, make
from tests.memory.interposed import Interposed, Raises
from tests.memory.rates import MemoryRates

DRAFT = {"name": "Ada"}
NOW = datetime(2026, 11, 22, 10, 45, 0, tzinfo=UTC)


def instance(calls_per_hour: int = 20) -> Client:
    """Another instance of the same function: nothing is shared but the store."""
    return client_of(http(make, access="public", calls_per_hour=calls_per_hour))


@pytest.fixture(params=["memory", "firestore"])
async def rates(request: pytest.FixtureRequest) -> AsyncIterator[Rates]:
    if request.param == "memory":
        yield MemoryRates()
        return
    client = AsyncClient(project=request.getfixturevalue("fresh_project"))
    yield FirestoreRates(client)
    await client._firestore_api.transport.close()


async def test_of_fifty_calls_at_once_on_five_instances_exactly_the_limit_passes(rates: Rates) -> None:
    instances = [instance() for _ in range(5)]
    with bound({Rates: rates, Clock: lambda: NOW}):
        replies: list[Reply] = await asyncio.gather(*(instances[number % 5].call(DRAFT) for number in range(50)))

    assert Counter(reply.status for reply in replies) == {200: 20, 429: 30}
    assert {reply.headers["retry-after"] for reply in replies if reply.status == 429} == {"900"}


async def test_what_memory_refuses_is_not_counted() -> None:
    rates, client = MemoryRates(), client_of(http(make, access="public", calls_per_minute=2, calls_per_hour=100))
    with bound({Rates: rates, Clock: lambda: NOW}):
        statuses = [(await client.call(DRAFT)).status for _ in range(5)]

    assert statuses == [200, 200, 429, 429, 429]
    assert list(rates.store.rates.values()) == [2]


async def test_a_function_that_names_no_limit_counts_nothing() -> None:
    rates = MemoryRates()
    with bound({Rates: rates}):
        assert (await client_of(http(make, access="public")).call(DRAFT)).status == 200

    assert not rates.store.rates


async def test_without_the_counter_calls_pass_and_the_log_says_so(lines: StringIO) -> None:
    away = Raises({"before count": [UnavailableError("The store did not answer.")]})
    with bound({Rates: Interposed(MemoryRates(), away), Clock: lambda: NOW}):
        reply = await instance(1).call(DRAFT)

    assert reply.status == 200
    assert "a call of a network was not counted" in lines.getvalue()
    assert "198.51.100.7" not in lines.getvalue()
