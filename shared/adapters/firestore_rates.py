"""Counters in Firestore: one write each time, whose answer brings the new total."""

from datetime import datetime

from google.cloud.firestore import AsyncClient, Increment

from shared.adapters.firestore_client import SCHEMA, reference, totals
from shared.adapters.google_errors import translated

# A call waits for its count, and the count is worth less than the call.
_SECONDS = 3.0


class FirestoreRates:
    """`rates/{key}`, removed by the store after `expire_at`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def count(self, key: str, window_ends: datetime) -> int:
        """As the port says: one write, never repeated, since it would count twice."""
        batch = self._client.batch()
        batch.set(reference(self._client, "rates", key), {**SCHEMA, "calls": Increment(1), "expire_at": window_ends}, merge=True)
        [result] = await batch.commit(retry=None, timeout=_SECONDS)
        return totals(result, ["calls"])["calls"]
