"""The project's daily total in Firestore: one Increment a block, whose new total comes back; what passes the limit is undone."""

from google.cloud.firestore import AsyncClient, Increment

from shared.adapters.firestore_client import SCHEMA, reference, totals
from shared.adapters.google_errors import translated


class FirestoreCeiling:
    """`ceilings/{YYYYMMDD}`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def grant(self, day: str, tokens: int, limit: int) -> int:
        """As the port says: one write, and one more at the limit."""
        total = await self._add(day, tokens)
        granted = max(0, min(tokens, limit - (total - tokens)))
        if granted < tokens:
            await self._add(day, granted - tokens)
        return granted

    async def _add(self, day: str, tokens: int) -> int:
        batch = self._client.batch()
        batch.set(reference(self._client, "ceilings", day), {**SCHEMA, "tokens": Increment(tokens)}, merge=True)
        # Without the library's retry: an Increment whose answer was lost would count twice. So it counts once or not at all.
        [result] = await batch.commit(retry=None)
        return totals(result, ("tokens",))["tokens"]
