"""Claims on bytes in memory."""

from shared.core.errors import ConflictError
from shared.domain.content import ContentClaim
from shared.ports.store import Versioned
from tests.memory.store import MemoryStore


class MemoryContents:
    """Claims of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def claim(self, claim: ContentClaim) -> Versioned[ContentClaim]:
        return self.store.contents.setdefault(claim.id, self.store.stamp(claim))

    async def take_over(self, read: Versioned[ContentClaim], claim: ContentClaim) -> None:
        stored = self.store.contents.get(claim.id)
        if stored and stored.version == read.version:
            self.store.contents[claim.id] = self.store.stamp(claim)
        elif stored is None or stored.value.document_id != claim.document_id:
            raise ConflictError("Another took the claim over first.")

    async def find(self, claim_id: str, owner_id: str) -> ContentClaim | None:
        stored = self.store.contents.get(claim_id)
        return stored.value if stored and stored.value.owner_id == owner_id else None

    async def give_back(self, document_id: str) -> int:
        own = [key for key, stored in self.store.contents.items() if stored.value.document_id == document_id]
        for key in own:
            del self.store.contents[key]
        return len(own)
