"""A cursor is the last item's sort key as base64url JSON: opaque to clients, and checked when it comes back."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from shared.core.errors import InvalidArgumentError
from shared.core.ids import is_id

_MAX_ORDINAL = 2**53


def after_time(moment: datetime, item_id: str) -> str:
    """The cursor behind an item of a list that is sorted by time, then id."""
    return _encode([moment.isoformat(), item_id])


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
