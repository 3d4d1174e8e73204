"""Chunks with their vectors in Firestore."""

from collections.abc import Mapping, Sequence
from typing import Any

from google.cloud.firestore import AsyncClient, AsyncDocumentReference
from google.cloud.firestore_v1.vector import Vector

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import fields, reference
from shared.adapters.google_errors import translated
from shared.domain.chunk import Chunk, EmbeddedChunk, Hit

MAX_HITS = 1000
_DELETES = 500
# A commit may hold 10 MiB; a vector of 2048 dimensions takes 23 KB on the wire, and its text a few more.
_VECTOR_WRITES = 200


class FirestoreVectorIndex:
    """`chunks/{chunk_id}` with the vector beside the text; the search is exhaustive over the bot's chunks."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def put(self, entries: Sequence[EmbeddedChunk]) -> None:
        """As the port says: a write a chunk."""
        documents = {
            reference(self._client, "chunks", entry.chunk.id): {**fields(entry.chunk), "vector": Vector(entry.vector)}
            for entry in entries
        }
        await set_all(self._client, documents)

    @translated
    async def search(self, vector: Sequence[float], bot_id: str, owner_id: str, limit: int) -> list[Hit]:
        """As the port says: a read a hit, and one a hundred chunks of the bot. Vectors are not transferred."""
        query = queries.nearest_chunks(self._client, vector, bot_id, owner_id, min(limit, MAX_HITS))
        found = [snapshot.to_dict() or {} async for snapshot in query.stream()]
        return [Hit(chunk=Chunk.stored(chunk), score=1 - chunk[queries.DISTANCE]) for chunk in found]

    @translated
    async def delete(self, document_id: str, generation: int | None = None, most: int = 1000) -> int:
        """As the port says: a read and a delete a chunk."""
        found = await queries.chunks_of(self._client, document_id, generation).limit(most).get()
        for start in range(0, len(found), _DELETES):
            batch = self._client.batch()
            for snapshot in found[start : start + _DELETES]:
                batch.delete(snapshot.reference)
            await batch.commit()
        return len(found)


async def set_all(client: AsyncClient, documents: Mapping[AsyncDocumentReference, dict[str, Any]]) -> None:
    """Write them in as few commits as fit; each write is its own, so a crash in between leaves nothing half written."""
    writes = list(documents.items())
    for start in range(0, len(writes), _VECTOR_WRITES):
        batch = client.batch()
        for place, document in writes[start : start + _VECTOR_WRITES]:
            batch.set(place, document)
        await batch.commit()
