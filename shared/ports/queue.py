"""Messages between stages."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Queue(Protocol):
    """Topics; a message is delivered at least once, in any order, with the caller's correlation id as an attribute."""

    async def publish(self, topic: str, messages: Sequence[Mapping[str, Any]]) -> None:
        """Publish each as JSON; returns when all are stored."""
        ...
