"""Deletions in Firestore: the mark, the receipt and the stock are one commit; what lies under a head goes in batches."""

from collections.abc import Sequence
from datetime import datetime

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.firestore import AsyncClient, AsyncDocumentReference, AsyncWriteBatch

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import Snapshot, counted, fields, if_unchanged, readable, reference, stands
from shared.adapters.firestore_stock import count
from shared.adapters.google_errors import translated
from shared.core.clock import Clock, system_clock
from shared.core.errors import ConflictError
from shared.core.ids import is_id
from shared.domain.base import Record
from shared.domain.bot import Bot
from shared.domain.conversation import Conversation, Turn, TurnStatus
from shared.domain.deletion import TOMBSTONE_LIFE, Deletion, DeletionKind, Head, headless, kind_of, stock_of
from shared.domain.document import Document
from shared.domain.plan import Stock
from shared.ports.store import Versioned

_COLLECTIONS: dict[DeletionKind, tuple[str, type[Head]]] = {
    DeletionKind.DOCUMENT: ("documents", Document),
    DeletionKind.BOT: ("bots", Bot),
    DeletionKind.CONVERSATION: ("conversations", Conversation),
}
# What another writer leaves behind: a head where there was none, another update time, or no head at all.
_OUTRUN = (AlreadyExists, FailedPrecondition, NotFound)


class FirestoreDeletions:
    """`deletions/{kind}-{target_id}`; the version of a Versioned is the document's update time."""

    def __init__(self, client: AsyncClient, clock: Clock = system_clock) -> None:
        self._client = client
        self._clock = clock

    @translated
    async def target(self, kind: DeletionKind, target_id: str, owner_id: str) -> Versioned[Head] | None:
        """As the port says: one read; for a conversation without a head, one more."""
        if not is_id(target_id):
            return None
        snapshot = await self._head(kind, target_id).get()
        if not snapshot.exists:
            return await self._headless(target_id, owner_id) if kind is DeletionKind.CONVERSATION else None
        head = _COLLECTIONS[kind][1].stored(snapshot.to_dict())
        return Versioned(head, snapshot.update_time) if head.owner_id == owner_id else None

    @translated
    async def begin(self, read: Versioned[Head], marked: Head, deletion: Deletion) -> None:
        """As the port says: three writes, two for what is not counted in the stock."""
        batch, place = self._client.batch(), self._head(kind_of(marked), marked.id)
        if read.version is None:
            batch.create(place, fields(marked))
        else:
            batch.update(place, fields(marked), option=if_unchanged(self._client, read.version))
        # Set rather than created: an idempotency key that is used again after a day makes a document of the same id once more.
        batch.set(self._place(deletion.id), fields(deletion))
        if (stock := stock_of(read.value)) != Stock():
            count(self._client, batch, read.value.owner_id, stock, -1)
        await _commit(batch, self._place(deletion.id), deletion)

    @translated
    async def get(self, deletion_id: str, owner_id: str) -> Deletion | None:
        """As the port says: one read. An expired receipt is gone, though Firestore removes it a day later."""
        read = await self._load(deletion_id)
        if read is None or read.value.owner_id != owner_id:
            return None
        expire_at = read.value.expire_at
        return None if expire_at and expire_at <= self._clock() else read.value

    @translated
    async def load(self, deletion_id: str) -> Versioned[Deletion] | None:
        """As the port says: one read."""
        return await self._load(deletion_id)

    @translated
    async def replace(self, read: Versioned[Deletion], deletion: Deletion) -> Versioned[Deletion]:
        """As the port says: one write; one read where its answer was lost."""
        place = self._place(deletion.id)
        try:
            written = await place.update(fields(deletion), option=if_unchanged(self._client, read.version))
        except _OUTRUN as error:
            stored = await self._load(deletion.id)
            if stored is None or stored.value != deletion:
                raise _conflict() from error
            return stored
        return Versioned(deletion, written.update_time)

    @translated
    async def finish(self, read: Versioned[Deletion], done: Deletion) -> None:
        """As the port says: two writes."""
        batch, head = self._client.batch(), self._head(done.kind, done.target_id)
        batch.update(self._place(done.id), fields(done), option=if_unchanged(self._client, read.version))
        if done.kind is DeletionKind.CONVERSATION:
            batch.update(head, {"expire_at": self._clock() + TOMBSTONE_LIFE})
        else:
            batch.delete(head)
        await _commit(batch, self._place(done.id), done)

    @translated
    async def due(self, now: datetime, limit: int) -> Sequence[Versioned[Deletion]]:
        """As the port says: a read a deletion."""
        query = queries.due_deletions(self._client, now).limit(limit)
        found = [snapshot async for snapshot in query.stream()]
        read = [(readable(Deletion, snapshot), snapshot.update_time) for snapshot in found]
        return [Versioned(deletion, moment) for deletion, moment in read if deletion is not None]

    async def _load(self, deletion_id: str) -> Versioned[Deletion] | None:
        if not is_id(deletion_id):
            return None
        snapshot = await self._place(deletion_id).get()
        return _versioned(snapshot) if snapshot.exists else None

    async def _headless(self, conversation_id: str, owner_id: str) -> Versioned[Head] | None:
        found = await queries.turns(self._client, conversation_id, owner_id).limit(1).get()
        return Versioned(headless(Turn.stored(found[0].to_dict())), None) if found else None

    def _head(self, kind: DeletionKind, target_id: str) -> AsyncDocumentReference:
        return reference(self._client, _COLLECTIONS[kind][0], target_id)

    def _place(self, deletion_id: str) -> AsyncDocumentReference:
        return reference(self._client, "deletions", deletion_id)


class FirestoreRemains:
    """`documents/*/steps`, `bots/*/versions` and `conversations/*/turns`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def count(self, kind: DeletionKind, target_id: str) -> int:
        """As the port says: a read a thousand."""
        return await counted(queries.under(self._client, *_under(kind, target_id)))

    @translated
    async def remove(self, kind: DeletionKind, target_id: str, most: int) -> int:
        """As the port says: a read and a delete a record, in one commit."""
        found = await queries.under(self._client, *_under(kind, target_id)).limit(most).get()
        gone = [snapshot for snapshot in found if (snapshot.to_dict() or {}).get("status") != TurnStatus.RUNNING]
        batch = self._client.batch()
        for snapshot in gone:
            # As it was read: a turn that is taken up again meanwhile has reserved anew.
            batch.delete(snapshot.reference, option=if_unchanged(self._client, snapshot.update_time))
        if gone:
            await batch.commit()
        return len(gone)

    @translated
    async def documents(self, bot_id: str, owner_id: str, most: int) -> Sequence[Document]:
        """As the port says: a read a document."""
        query = queries.documents(self._client, owner_id, bot_id).limit(most)
        return [Document.stored(snapshot.to_dict()) async for snapshot in query.stream()]

    @translated
    async def children(self, document_id: str, owner_id: str, most: int) -> Sequence[Document]:
        """As the port says: a read a document."""
        query = queries.children(self._client, document_id, owner_id).limit(most)
        return [Document.stored(snapshot.to_dict()) async for snapshot in query.stream()]

    @translated
    async def count_documents(self, bot_id: str, owner_id: str) -> int:
        """As the port says: a read a thousand."""
        return await counted(queries.documents(self._client, owner_id, bot_id))

    @translated
    async def running_turns(self, conversation_id: str, most: int) -> Sequence[Versioned[Turn]]:
        """As the port says: a read a turn."""
        query = queries.running_turns(self._client, conversation_id).limit(most)
        return [Versioned(Turn.stored(found.to_dict()), found.update_time) async for found in query.stream()]


def _under(kind: DeletionKind, target_id: str) -> tuple[str, str, str]:
    names = {DeletionKind.DOCUMENT: "steps", DeletionKind.BOT: "versions", DeletionKind.CONVERSATION: "turns"}
    return _COLLECTIONS[kind][0], target_id, names[kind]


def _versioned(snapshot: Snapshot) -> Versioned[Deletion]:
    return Versioned(Deletion.stored(snapshot.to_dict()), snapshot.update_time)


async def _commit(batch: AsyncWriteBatch, place: AsyncDocumentReference, written: Record) -> None:
    try:
        await batch.commit()
    except _OUTRUN as error:
        # The library repeats a commit whose answer was lost, and the repetition meets what the first one has written.
        if not await stands(place, written):
            raise _conflict() from error


def _conflict() -> ConflictError:
    return ConflictError("Another wrote first; read it and decide anew.")
