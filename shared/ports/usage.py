"""What a payer has used, for what is no chat turn: reserved before it costs anything, settled by what it did cost."""

from datetime import datetime, timedelta
from typing import Protocol

from shared.domain.plan import FlowLimits, FlowTotals, Reservation


class Usage(Protocol):
    """`usage/{owner}-{month}`; a reservation of an instance that died is given back once its lease has ended."""

    async def reserve(self, reservation_id: str, reservation: Reservation, limits: FlowLimits, lease: timedelta) -> FlowTotals:
        """Count the turn, if it is one, and the tokens in one commit.

        Over a limit the commit is undone and ResourceExhaustedError names the limit and says when to come back.
        """
        ...

    async def settle(self, reservation_id: str, reservation: Reservation, used_tokens: int) -> None:
        """Correct the tokens to what was used, once however often it is called."""
        ...

    async def give_back_ended(self, now: datetime, limit: int) -> int:
        """Give back whole what was set aside under leases that have ended, for the system; how many there were."""
        ...
