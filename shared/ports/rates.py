"""How often something happened, counted across all instances."""

from datetime import datetime
from typing import Protocol


class Rates(Protocol):
    """Counters, each of one window of time."""

    async def count(self, key: str, window_ends: datetime) -> int:
        """Add one, and answer the new total, which no other call is given; the counter may be forgotten once its window ends."""
        ...
