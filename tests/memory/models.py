"""The vector index and the embedding cache in memory: exact search over everything that was put."""

import math
from collections.abc import Sequence
from datetime import datetime

from shared.domain.chunk import EmbeddedChunk, Hit
from shared.ports.models import Asked
from tests.memory.store import MemoryStore

MAX_HITS = 1000


class MemoryVectorIndex:
    """Chunks with vectors of a MemoryStore; MemoryChunks reads the same."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def put(self, entries: Sequence[EmbeddedChunk]) -> None:
        self.store.chunks.update({entry.chunk.id: entry for entry in entries})

    async def search(self, vector: Sequence[float], bot_id: str, owner_id: str, limit: int) -> list[Hit]:
        own = [entry for entry in self.store.chunks.values() if (entry.chunk.bot_id, entry.chunk.owner_id) == (bot_id, owner_id)]
        comparable = [entry for entry in own if len(entry.vector) == len(vector)]
        hits = [Hit(chunk=entry.chunk, score=_cosine(vector, entry.vector)) for entry in comparable]
        return sorted(hits, key=lambda hit: -hit.score)[: min(limit, MAX_HITS)]

    async def delete(self, document_id: str, generation: int | None = None, most: int = 1000) -> int:
        own = [(key, entry.chunk) for key, entry in self.store.chunks.items() if entry.chunk.document_id == document_id]
        gone = [key for key, chunk in own if generation in {None, chunk.generation}][:most]
        for key in gone:
            del self.store.chunks[key]
        return len(gone)


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    dot = sum(x * y for x, y in zip(one, other, strict=True))
    return dot / (math.hypot(*one) * math.hypot(*other))


class MemoryEmbeddingCache:
    """The cache of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def ask(self, keys: Sequence[str], holder: str, now: datetime, until: datetime) -> Asked:
        vectors = await self.get_many(keys)
        absent = [key for key in keys if key not in vectors]
        others = {key: lease for key in absent if (lease := self._other_lease(key, holder)) and lease > now}
        ours = frozenset(absent) - others.keys()
        self.store.asked.update(dict.fromkeys(ours, (holder, until)))
        paid = frozenset(key for key in vectors if self.store.payers.get(key) == holder)
        return Asked(vectors, ours, min(others.values(), default=None), paid)

    async def get_many(self, keys: Sequence[str]) -> dict[str, tuple[float, ...]]:
        return {key: self.store.embeddings[key] for key in keys if key in self.store.embeddings}

    async def put_many(self, vectors: dict[str, tuple[float, ...]], payer: str) -> None:
        self.store.embeddings.update(vectors)
        self.store.payers.update(dict.fromkeys(vectors, payer))
        for key in vectors:
            self.store.asked.pop(key, None)

    def _other_lease(self, key: str, holder: str) -> datetime | None:
        asking, until = self.store.asked.get(key, (holder, None))
        return None if asking == holder else until
