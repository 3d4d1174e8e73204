"""Time is a parameter: a use case takes a `Clock`, so that a test can stand still or leap."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the current time, timezone-aware, in UTC."""


def system_clock() -> datetime:
    """The machine's time in UTC."""
    return datetime.now(UTC)
