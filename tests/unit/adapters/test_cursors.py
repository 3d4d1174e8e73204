"""Cursors come back as they went out, and nothing else is taken for one."""

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters import cursors
from shared.core.errors import InvalidArgumentError
from shared.core.ids import is_id

TIMES = st.datetimes(timezones=st.just(UTC))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@given(TIMES, st.from_regex(r"\A[A-Za-z0-9_-]{1,128}\Z").filter(is_id))
def test_a_time_comes_back(moment: datetime, item_id: str) -> None:
    assert cursors.read_time(cursors.after_time(moment, item_id)) == (moment, item_id)


@given(st.integers(0, 10**9))
def test_an_ordinal_comes_back(ordinal: int) -> None:
    assert cursors.read_ordinal(cursors.after_ordinal(ordinal)) == ordinal


@given(st.lists(TIMES, min_size=1, max_size=3), st.integers(1, 4))
def test_a_moment_comes_back_with_how_many_of_it_were_shown(times: list[datetime], repeated: int) -> None:
    page = sorted(times * repeated, reverse=True)

    first = cursors.read_moment(cursors.after_moment(page, None))
    second = cursors.read_moment(cursors.after_moment([first.moment] * 2, first))

    assert (first.moment, first.passed) == (page[-1], page.count(page[-1]))
    assert second == cursors.Start(first.moment, first.passed + 2)


@given(st.text() | JSON.map(lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode()))
def test_whatever_a_client_sends_is_a_cursor_or_an_invalid_argument(text: str) -> None:
    for read in (cursors.read_time, cursors.read_moment, cursors.read_ordinal):
        try:
            refused = None
            read(text)
        except InvalidArgumentError as error:
            refused = error.field
        assert refused in {None, "cursor"}


def test_a_cursor_for_the_longest_id_fits_what_a_request_may_carry() -> None:
    assert len(cursors.after_time(datetime(2026, 11, 22, 13, 0, 0, 123456, tzinfo=UTC), "x" * 128)) <= 512


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_outside_the_calendar_is_refused(moment: str) -> None:
    with pytest.raises(InvalidArgumentError):
        cursors.read_time(base64.urlsafe_b64encode(json.dumps([moment, "id"]).encode()).decode())


@pytest.mark.parametrize("deep", ["[" * 100_000, "[" * 100_000 + "]" * 100_000])
def test_a_deep_cursor_is_refused_rather_than_followed(deep: str) -> None:
    with pytest.raises(InvalidArgumentError):
        cursors.read_time(base64.urlsafe_b64encode(deep.encode()).decode())
