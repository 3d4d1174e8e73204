"""Token buckets of networks, and what counts as one."""

import pytest

from shared.core.errors import ResourceExhaustedError
from shared.runtime.access import network_of
from shared.runtime.limits import NetworkLimit


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
        ("testclient", ""),
        ("", ""),
    ],
)
def test_an_ipv6_caller_counts_by_its_network(address: str, network: str) -> None:
    assert network_of(address) == network
