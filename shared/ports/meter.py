"""What an owner has used, to show; nothing is decided by it."""

from datetime import datetime
from typing import Protocol

from shared.domain.plan import Used


class Meter(Protocol):
    """The counters that creating things and answering questions keep."""

    async def read(self, owner_id: str, at: datetime) -> Used:
        """The owner's stock, and the flow of the minute and the month of that moment, in one round trip of two reads."""
        ...
