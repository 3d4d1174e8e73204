"""The same cloud on the real Firestore adapters and an emulator's project of its own; bucket, queue and model stay in memory."""

from typing import TypeVar

from google.cloud.firestore import AsyncClient

from shared.domain.base import Record
from shared.domain.chunk import Chunk, EmbeddedChunk
from shared.domain.content import ContentClaim
from shared.domain.document import Document
from shared.ports.store import Versioned
from tests.faults.deleting import DeletingCloud
from tests.faults.processes import Chance
from tests.faults.stores import Stores, in_firestore

Kept = TypeVar("Kept", bound=Record)


class FirestoreCloud(DeletingCloud):
    """`store` is a copy, made by `look`."""

    def __init__(self, seed: int, odds: Chance, client: AsyncClient) -> None:
        self._client = client
        super().__init__(seed, odds)

    async def look(self) -> None:
        self.store.documents = await self._read("documents", Document)
        self.store.contents = await self._read("contents", ContentClaim)
        self.store.chunks = {}
        async for snapshot in self._client.collection("chunks").stream():
            stored = snapshot.to_dict() or {}
            vector = tuple(stored.pop("vector"))
            self.store.chunks[snapshot.id] = EmbeddedChunk(chunk=Chunk.stored(stored), vector=vector)

    async def has_ended(self) -> bool:
        self.store.documents = await self._read("documents", Document)
        return await super().has_ended()

    def _stores(self) -> Stores:
        return in_firestore(self._client, lambda: self.now)

    async def _read(self, collection: str, model: type[Kept]) -> dict[str, Versioned[Kept]]:
        snapshots = self._client.collection(collection).stream()
        return {snapshot.id: Versioned(model.stored(snapshot.to_dict()), None) async for snapshot in snapshots}
