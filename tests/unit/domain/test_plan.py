"""Limits: the total that passes one is named, and the wait is until its window ends."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.core.errors import ResourceExhaustedError
from shared.domain.plan import (
    FREE,
    Account,
    FlowLimits,
    FlowTotals,
    Stock,
    check_flow,
    check_stock,
    plan_of,
    seconds_to_next_month,
)

LIMITS = FlowLimits(turns_per_minute=2, turns_per_month=3, tokens_per_month=100)
AT = datetime(2026, 12, 31, 23, 59, 15, tzinfo=UTC)


def _totals(minute: int = 1, month: int = 1, tokens: int = 1) -> FlowTotals:
    return FlowTotals(turns_this_minute=minute, turns_this_month=month, tokens_this_month=tokens)


def test_totals_that_just_reach_their_limits_pass() -> None:
    check_stock(Stock(bots=1, documents=2, bytes=3), Stock(bots=1, documents=2, bytes=3))
    check_flow(_totals(2, 3, 100), LIMITS, AT)

    with pytest.raises(ResourceExhaustedError, match="limit of 2 documents"):
        check_stock(Stock(bots=1, documents=3, bytes=3), Stock(bots=1, documents=2, bytes=3))


@pytest.mark.parametrize(
    ("totals", "named"),
    [(_totals(minute=3), "2 turns a minute"), (_totals(month=4), "3 turns a month"), (_totals(tokens=101), "100 tokens")],
)
def test_the_limit_that_is_passed_is_named_with_the_wait(totals: FlowTotals, named: str) -> None:
    with pytest.raises(ResourceExhaustedError, match=named) as error:
        check_flow(totals, LIMITS, AT)

    assert error.value.retry_after_seconds == 45


def test_a_month_ends_in_utc_whatever_zone_the_time_is_told_in() -> None:
    east = AT.astimezone(timezone(timedelta(hours=9)))

    assert seconds_to_next_month(east) == 45
    assert seconds_to_next_month(datetime(2026, 11, 1, tzinfo=UTC)) == 30 * 86_400


def test_an_unknown_plan_and_a_stranger_fall_back_to_the_free_one() -> None:
    assert [plan_of(None), plan_of(Account(id="a", plan_id="gone")), plan_of(Account(id="a"))] == [FREE, FREE, FREE]
