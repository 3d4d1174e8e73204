"""Schedules run by their cron lines in UTC, one call at a time."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from starlette.responses import Response

from local import schedules

_NOON = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("* * * * *", datetime(2026, 11, 22, 12, 1, tzinfo=UTC)),
        ("0 * * * *", datetime(2026, 11, 22, 13, 0, tzinfo=UTC)),
        ("30 3 * * *", datetime(2026, 11, 23, 3, 30, tzinfo=UTC)),
    ],
)
def test_the_cron_line_names_the_next_run(cron, expected):
    assert schedules.next_run(cron, _NOON, None) == expected


def test_an_interval_takes_the_place_of_the_cron_line():
    assert schedules.next_run("0 0 1 1 *", _NOON, 2.5) == _NOON + timedelta(seconds=2.5)


async def test_each_call_waits_for_the_one_before_and_for_its_moment():
    now = _NOON
    calls = []

    async def sleep(seconds):
        nonlocal now
        now += timedelta(seconds=seconds)

    async def call():
        nonlocal now
        calls.append(now)
        now += timedelta(seconds=90)  # It outlasts the next turn, which is skipped.
        if len(calls) == 3:
            raise asyncio.CancelledError

    with suppress(asyncio.CancelledError):
        await schedules.keep(call, lambda at: schedules.next_run("* * * * *", at, None), lambda: now, sleep)
    assert [f"{at:%H:%M:%S}" for at in calls] == ["12:01:00", "12:03:00", "12:05:00"]


async def test_a_scheduled_call_is_a_post_and_a_refusal_does_not_raise():
    seen = []

    async def app(scope, receive, send):
        seen.append((scope["method"], scope["path"]))
        await Response(status_code=503)(scope, receive, send)

    await schedules.post(app, "/_push/token/clean_up")
    assert seen == [("POST", "/_push/token/clean_up")]
