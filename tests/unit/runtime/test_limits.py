"""Token buckets of networks, calls of an hour across instances, and what counts as a network."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from shared.core.errors import ResourceExhaustedError, UnavailableError
from shared.runtime.access import network_of
from shared.runtime.limits import HourlyLimit, NetworkLimit
from tests.memory.interposed import Interposed, Raises
from tests.memory.rates import MemoryRates

NOW = datetime(2026, 11, 22, 10, 45, 0, tzinfo=UTC)


class Time:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


def test_a_refusal_says_when_the_next_call_may_come(time: Time) -> None:
    limit = NetworkLimit(60, time)
    for _ in range(60):
        limit.take("a")
    with pytest.raises(ResourceExhaustedError) as refusal:
        limit.take("a")
    assert refusal.value.retry_after_seconds == pytest.approx(1)


def test_calls_come_back_with_time_and_never_above_the_limit(time: Time) -> None:
    limit = NetworkLimit(2, time)
    limit.take("a")
    time.seconds = 3600
    limit.take("a")
    limit.take("a")
    with pytest.raises(ResourceExhaustedError):
        limit.take("a")


def test_one_network_does_not_spend_anothers(time: Time) -> None:
    limit = NetworkLimit(1, time)
    limit.take("a")
    limit.take("b")
    with pytest.raises(ResourceExhaustedError):
        limit.take("a")


def test_the_table_forgets_the_network_seen_longest_ago(time: Time) -> None:
    limit = NetworkLimit(1, time, max_networks=2)
    for network in ("a", "b", "c"):
        limit.take(network)
    assert list(limit._buckets) == ["b", "c"]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("testclient", ""),
        ("", ""),
    ],
)
def test_an_ipv6_caller_counts_by_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


class TestHourlyLimit:
    async def _calls(
        self, limit: HourlyLimit, rates: MemoryRates, count: int, at: datetime = NOW, network: str = "a"
    ) -> list[bool]:
        """Which of so many calls passed."""
        passed = []
        for _ in range(count):
            try:
                await limit.take(network, rates, at)
                passed.append(True)
            except ResourceExhaustedError:
                passed.append(False)
        return passed

    async def test_a_network_has_its_calls_of_the_hour_in_all_instances_together(self) -> None:
        rates = MemoryRates()
        instances = [HourlyLimit("sign_in", 3) for _ in range(2)]
        passed = [await self._calls(instance, rates, 2) for instance in instances]
        assert passed == [[True, True], [True, False]]

    async def test_a_refusal_says_when_the_hour_ends(self) -> None:
        limit, rates = HourlyLimit("sign_in", 1), MemoryRates()
        await limit.take("a", rates, NOW)
        with pytest.raises(ResourceExhaustedError) as refusal:
            await limit.take("a", rates, NOW)
        assert refusal.value.retry_after_seconds == 15 * 60

    async def test_the_next_hour_begins_anew(self) -> None:
        limit, rates = HourlyLimit("sign_in", 1), MemoryRates()
        assert await self._calls(limit, rates, 2) == [True, False]
        assert await self._calls(limit, rates, 1, NOW + timedelta(minutes=15)) == [True]

    async def test_networks_and_functions_count_apart(self) -> None:
        rates = MemoryRates()
        passed = [
            await self._calls(HourlyLimit(function, 1), rates, 1, network=network)
            for function, network in (("sign_in", "a"), ("sign_in", "b"), ("register_user", "a"))
        ]
        assert passed == [[True]] * 3

    async def test_what_is_refused_costs_no_further_write(self) -> None:
        limit, rates = HourlyLimit("sign_in", 1), MemoryRates()
        await self._calls(limit, rates, 10)
        assert list(rates.store.rates.values()) == [2]

    async def test_no_address_is_stored(self) -> None:
        rates = MemoryRates()
        await HourlyLimit("sign_in", 1).take("203.0.113.9", rates, NOW)
        assert [re.fullmatch("[0-9a-f]{32}", key) is not None for key in rates.store.rates] == [True]

    async def test_the_table_of_refused_networks_is_bounded(self) -> None:
        limit, rates = HourlyLimit("sign_in", 1, max_networks=2), MemoryRates()
        for network in ("a", "b", "c"):
            await self._calls(limit, rates, 2, network=network)
        assert len(limit._spent) == 2

    async def test_a_call_that_cannot_be_counted_passes(self) -> None:
        away = Raises({"before count": [UnavailableError("The store did not answer.")]})
        limit, rates = HourlyLimit("sign_in", 1), Interposed(MemoryRates(), away)
        await limit.take("a", rates, NOW)
        await limit.take("a", rates, NOW)
        with pytest.raises(ResourceExhaustedError):
            await limit.take("a", rates, NOW)
