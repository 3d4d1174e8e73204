"""The state of an idempotent call: absent, held under a lease, or done with its stored answer."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.domain.base import Record

# Longer than clients try again by themselves; a person who tries again the next day means something new.
KEPT = timedelta(days=1)


class ReceiptState(StrEnum):
    """Absent is the state before these."""

    HELD = "held"
    DONE = "done"


class Receipt(Record):
    """A call's receipt; `fingerprint` is a digest of its payload, `answer` is set once done (null is an answer too)."""

    id: str
    fingerprint: str
    state: ReceiptState
    holder: str
    lease_until: datetime
    answer: Any = None
    expire_at: datetime

    def stands_at(self, now: datetime) -> bool:
        """Whether it binds a new call: it was answered, or is held by a live lease, and has not expired."""
        return now < self.expire_at and (self.state is ReceiptState.DONE or now < self.lease_until)
