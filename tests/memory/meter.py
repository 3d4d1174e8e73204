"""Reads a MemoryStore's counters."""

from datetime import datetime

from shared.domain.plan import Reservation, Used
from tests.memory.store import MemoryStore
from tests.memory.turns import flow_of


class MemoryMeter:
    """What an owner has used of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def read(self, owner_id: str, at: datetime) -> Used:
        return Used(stock=self.store.stock[owner_id], flow=flow_of(self.store, Reservation(owner_id=owner_id, at=at, tokens=0)))
