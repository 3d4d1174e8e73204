"""The embedding cache in Firestore: a text that is being asked of the model is held where its vector will lie."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.firestore import AsyncClient
from google.cloud.firestore_v1.vector import Vector

from shared.adapters.firestore_client import SCHEMA, Snapshot, if_unchanged, reference
from shared.adapters.firestore_vectors import set_all
from shared.adapters.google_errors import translated
from shared.core.clock import Clock, system_clock
from shared.core.errors import ConflictError
from shared.core.ids import is_id
from shared.ports.models import Asked

_EMBEDDING_LIFE = timedelta(days=180)
# Each time one of the texts was held or stored between our read and our commit; with eight texts a call that is soon over.
_ASK_TRIES = 6
_OUTRUN = (AlreadyExists, FailedPrecondition, NotFound)


class FirestoreEmbeddingCache:
    """`embeddings/{key}`: holder and lease first, then vector and payer; one that nothing wrote for half a year is removed."""

    def __init__(self, client: AsyncClient, clock: Clock = system_clock) -> None:
        self._client = client
        self._clock = clock

    @translated
    async def ask(self, keys: Sequence[str], holder: str, now: datetime, until: datetime) -> Asked:
        """As the port says: a read a key in one round trip, and a write for each that is held from then on, in one commit."""
        for _ in range(_ASK_TRIES):
            found = await self._read(keys)
            asked = _judged(found, holder, now)
            if not asked.ours or await self._hold([found[key] for key in asked.ours], holder, until):
                return asked
        raise ConflictError("The same texts are asked for by many at once.")

    @translated
    async def get_many(self, keys: Sequence[str]) -> dict[str, tuple[float, ...]]:
        """As the port says: a read a key, in one round trip."""
        return _judged(await self._read(keys), "", self._clock()).vectors

    @translated
    async def put_many(self, vectors: dict[str, tuple[float, ...]], payer: str) -> None:
        """As the port says: a write a vector."""
        known = {**SCHEMA, "payer": payer, "expire_at": self._clock() + _EMBEDDING_LIFE}
        documents = {
            reference(self._client, "embeddings", key): {**known, "vector": Vector(vector)} for key, vector in vectors.items()
        }
        await set_all(self._client, documents)

    async def _read(self, keys: Sequence[str]) -> dict[str, Snapshot]:
        wanted = [reference(self._client, "embeddings", key) for key in dict.fromkeys(keys) if is_id(key)]
        # By id, since Firestore answers a batch in any order.
        return {snapshot.id: snapshot async for snapshot in self._client.get_all(wanted)} if wanted else {}

    async def _hold(self, free: Sequence[Snapshot], holder: str, until: datetime) -> bool:
        """All of them or none: one that another was quicker with undoes the commit, and the next look tells which."""
        batch, held = self._client.batch(), {**SCHEMA, "holder": holder, "until": until, "expire_at": until}
        for snapshot in free:
            if snapshot.exists:
                batch.update(snapshot.reference, held, option=if_unchanged(self._client, snapshot.update_time))
            else:
                batch.create(snapshot.reference, held)
        try:
            await batch.commit()
        except _OUTRUN:
            return False
        return True


def _judged(found: dict[str, Snapshot], holder: str, now: datetime) -> Asked:
    stored: dict[str, dict[str, Any]] = {key: snapshot.to_dict() or {} for key, snapshot in found.items()}
    vectors = {key: tuple(one["vector"]) for key, one in stored.items() if "vector" in one}
    leases = {key: one["until"] for key, one in stored.items() if one.get("holder") not in {None, holder}}
    others = {key: until for key, until in leases.items() if until > now}
    ours = frozenset(stored.keys() - vectors.keys() - others.keys())
    paid = frozenset(key for key in vectors if stored[key].get("payer") == holder)
    return Asked(vectors, ours, min(others.values(), default=None), paid)
