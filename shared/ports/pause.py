"""Waiting, where a test must not."""

from typing import Protocol


class Pause(Protocol):
    """Lets the others go on for so many seconds."""

    async def __call__(self, seconds: float, /) -> None:
        """Answer after so long."""
        ...
