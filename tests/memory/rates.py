"""Counters in memory."""

from datetime import datetime

from tests.memory.store import MemoryStore


class MemoryRates:
    """Counters of a MemoryStore, none of which is ever forgotten."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def count(self, key: str, window_ends: datetime) -> int:
        self.store.rates[key] += 1
        return self.store.rates[key]
