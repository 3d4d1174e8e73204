"""What the whole project may spend in a day."""

from typing import Protocol


class Ceiling(Protocol):
    """Tokens that were handed out to instances in blocks, a total a day (YYYYMMDD in UTC)."""

    async def grant(self, day: str, tokens: int, limit: int) -> int:
        """Hand out as many of the tokens as the day's limit still has room for, 0 where it has none; the sum never passes it.

        While others are being refused it may be fewer than there is room for. Raises UnavailableError where the answer was lost;
        then the tokens may be gone for the day.
        """
        ...
