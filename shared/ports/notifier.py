"""Words to a device while no page is open."""

from enum import StrEnum
from typing import Protocol

from shared.domain.notice import Notice


class Handed(StrEnum):
    """What became of one notice: taken for the device, or the token is no device's any more, or it can never go there."""

    TAKEN = "taken"
    UNREGISTERED = "unregistered"
    REFUSED = "refused"


class Notifier(Protocol):
    """A service that reaches devices by their tokens."""

    async def send(self, token: str, notice: Notice) -> Handed:
        """Hand the notice over; of several with the same tag a device shows the last one.

        What may pass by itself raises UnavailableError, DeadlineExceededError, or ResourceExhaustedError.
        """
        ...
