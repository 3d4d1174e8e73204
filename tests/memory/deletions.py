"""Deletions in memory; the version of a head is the read copy itself where the store keeps no other."""

from collections.abc import MutableMapping, Sequence
from datetime import datetime
from typing import Any

from shared.core.clock import Clock, system_clock
from shared.core.errors import ConflictError
from shared.domain.conversation import Turn, TurnStatus
from shared.domain.deletion import TOMBSTONE_LIFE, Deletion, DeletionKind, Head, headless, kind_of, stock_of
from shared.domain.document import Document
from shared.domain.plan import Stock
from shared.ports.store import Versioned
from tests.memory.store import MemoryStore


class MemoryDeletions:
    """Deletions of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None, clock: Clock = system_clock) -> None:
        self.store = store or MemoryStore()
        self._clock = clock

    async def target(self, kind: DeletionKind, target_id: str, owner_id: str) -> Versioned[Head] | None:
        head = _versioned(_heads(self.store, kind).get(target_id))
        if head is None and kind is DeletionKind.CONVERSATION:
            own = [turn for turn in turns_of(self.store, target_id) if turn.value.owner_id == owner_id]
            return Versioned(headless(own[0].value), None) if own else None
        return head if head and head.value.owner_id == owner_id else None

    async def begin(self, read: Versioned[Head], marked: Head, deletion: Deletion) -> None:
        heads = _heads(self.store, kind_of(marked))
        stored = _versioned(heads.get(marked.id))
        if (stored.version if stored else None) != read.version:
            if self._value(deletion.id) != deletion:
                raise ConflictError("Another wrote first; read it and decide anew.")
            return
        heads[marked.id] = self.store.stamp(marked) if kind_of(marked) is DeletionKind.DOCUMENT else marked
        self.store.deletions[deletion.id] = self.store.stamp(deletion)
        held, back = self.store.stock[marked.owner_id], stock_of(read.value)
        left = {name: getattr(held, name) - getattr(back, name) for name in Stock.model_fields}
        self.store.stock[marked.owner_id] = Stock(**left)

    async def get(self, deletion_id: str, owner_id: str) -> Deletion | None:
        found = self._value(deletion_id)
        if found is None or found.owner_id != owner_id:
            return None
        return None if found.expire_at and found.expire_at <= self._clock() else found

    async def load(self, deletion_id: str) -> Versioned[Deletion] | None:
        return self.store.deletions.get(deletion_id)

    async def replace(self, read: Versioned[Deletion], deletion: Deletion) -> Versioned[Deletion]:
        stored = self.store.deletions.get(deletion.id)
        if stored is None or (stored.version != read.version and stored.value != deletion):
            raise ConflictError("Another wrote first; read it and decide anew.")
        if stored.version == read.version:
            self.store.deletions[deletion.id] = self.store.stamp(deletion)
        return self.store.deletions[deletion.id]

    async def finish(self, read: Versioned[Deletion], done: Deletion) -> None:
        await self.replace(read, done)
        heads = _heads(self.store, done.kind)
        if done.kind is not DeletionKind.CONVERSATION:
            heads.pop(done.target_id, None)
        elif head := _versioned(heads.get(done.target_id)):
            heads[done.target_id] = head.value.model_copy(update={"expire_at": self._clock() + TOMBSTONE_LIFE})

    async def due(self, now: datetime, limit: int) -> Sequence[Versioned[Deletion]]:
        waiting = [(found.value.due_at, found) for found in self.store.deletions.values() if found.value.due_at]
        return [found for due_at, found in sorted(waiting, key=lambda one: one[0]) if due_at <= now][:limit]

    def _value(self, deletion_id: str) -> Deletion | None:
        found = self.store.deletions.get(deletion_id)
        return found.value if found else None


class MemoryRemains:
    """What lies under the heads of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def count(self, kind: DeletionKind, target_id: str) -> int:
        return len(self._under(kind, target_id))

    async def remove(self, kind: DeletionKind, target_id: str, most: int) -> int:
        places = _places(self.store, kind)
        found = self._under(kind, target_id)[:most]
        gone = [key for key in found if getattr(places[key], "status", None) is not TurnStatus.RUNNING]
        for key in gone:
            del places[key]
        return len(gone)

    async def documents(self, bot_id: str, owner_id: str, most: int) -> Sequence[Document]:
        every = (stored.value for stored in self.store.documents.values())
        return [document for document in every if (document.bot_id, document.owner_id) == (bot_id, owner_id)][:most]

    async def children(self, document_id: str, owner_id: str, most: int) -> Sequence[Document]:
        every = (stored.value for stored in self.store.documents.values())
        return [document for document in every if (document.parent_id, document.owner_id) == (document_id, owner_id)][:most]

    async def count_documents(self, bot_id: str, owner_id: str) -> int:
        return len(await self.documents(bot_id, owner_id, len(self.store.documents)))

    async def running_turns(self, conversation_id: str, most: int) -> Sequence[Versioned[Turn]]:
        return [turn for turn in turns_of(self.store, conversation_id) if turn.value.status is TurnStatus.RUNNING][:most]

    def _under(self, kind: DeletionKind, target_id: str) -> list[tuple[Any, ...]]:
        return [key for key in _places(self.store, kind) if key[0] == target_id]


def turns_of(store: MemoryStore, conversation_id: str) -> list[Versioned[Turn]]:
    """The conversation's turns, under the versions that the store gives them."""
    found = [_versioned(turn) for (owner, _), turn in store.turns.items() if owner == conversation_id]
    return [turn for turn in found if turn]


def _versioned(stored: Any) -> Versioned[Any] | None:
    return stored if stored is None or isinstance(stored, Versioned) else Versioned(stored, stored)


def _heads(store: MemoryStore, kind: DeletionKind) -> MutableMapping[str, Any]:
    heads: dict[DeletionKind, MutableMapping[str, Any]] = {DeletionKind.DOCUMENT: store.documents, DeletionKind.BOT: store.bots}
    return heads.get(kind, store.conversations)


def _places(store: MemoryStore, kind: DeletionKind) -> MutableMapping[tuple[Any, ...], Any]:
    places: dict[DeletionKind, MutableMapping[tuple[Any, ...], Any]] = {
        DeletionKind.DOCUMENT: store.steps,
        DeletionKind.BOT: store.bot_versions,
    }
    return places.get(kind, store.turns)
