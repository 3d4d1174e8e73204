"""A cursor is the last item's sort key as base64url JSON: opaque to clients, and checked when it comes back."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.core.errors import InvalidArgumentError
from shared.core.ids import is_id

_MAX_ORDINAL = 2**53
_MAX_PASSED = 1000


def after_time(moment: datetime, item_id: str) -> str:
    """The cursor behind an item of a list that is sorted by time, then id."""
    return _encode([moment.isoformat(), item_id])


@dataclass(frozen=True)
class Start:
    """Where a page begins: at a moment, of whose items so many were shown before."""

    moment: datetime
    passed: int


def after_moment(times: Sequence[datetime], start: Start | None) -> str:
    """The cursor behind the items of a page with these times, in a list sorted by time whose items' ids are not to be told."""
    shown_before = start.passed if start and start.moment == times[-1] else 0
    return _encode([times[-1].isoformat(), shown_before + times.count(times[-1])])


def after_ordinal(ordinal: int) -> str:
    """The cursor behind an item of a list that is sorted by a number without ties."""
    return _encode([ordinal])


def read_time(cursor: str) -> tuple[datetime, str]:
    """The time and id of `after_time`. Raises InvalidArgumentError (field cursor)."""
    match _decode(cursor):
        # The id becomes a path in the query, and the cursor comes from outside.
        case [str(moment), str(item_id)] if is_id(item_id):
            return _moment(moment), item_id
    raise _not_ours()


def read_moment(cursor: str) -> Start:
    """The start of `after_moment`. Raises InvalidArgumentError (field cursor)."""
    match _decode(cursor):
        # What is passed over is read and paid for nevertheless, and so many items of one microsecond there never are.
        case [str(moment), int(passed)] if not isinstance(passed, bool) and 0 < passed <= _MAX_PASSED:
            return Start(_moment(moment), passed)
    raise _not_ours()


def read_ordinal(cursor: str) -> int:
    """The number of `after_ordinal`. Raises InvalidArgumentError (field cursor)."""
    match _decode(cursor):
        case [int(ordinal)] if not isinstance(ordinal, bool) and 0 <= ordinal < _MAX_ORDINAL:
            return ordinal
    raise _not_ours()


def _encode(key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode()


def _decode(cursor: str) -> Any:
    try:
        return json.loads(base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, ValueError, RecursionError) as error:
        raise _not_ours() from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise _not_ours()
        # Brought to UTC here, where a time before the first year or after the last is still the caller's mistake.
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _not_ours() from error


def _not_ours() -> InvalidArgumentError:
    return InvalidArgumentError("This cursor was not issued for this list.", field="cursor")
