"""A message that no delivery could finish, kept so that a person can see why and have it tried again."""

from datetime import datetime

from shared.domain.base import Record


class DeadLetter(Record):
    """One dead message; `id` is the message's own, so that a redelivery records it once."""

    id: str
    topic: str
    body: str
    attributes: dict[str, str]
    document_id: str | None
    delivery_attempts: int
    recorded_at: datetime
