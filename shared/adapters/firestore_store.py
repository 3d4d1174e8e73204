"""Documents, chunks and dead letters in Firestore, without a transaction anywhere."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.firestore import AsyncClient, AsyncWriteBatch

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import (
    counted,
    fields,
    if_unchanged,
    loaded,
    owned,
    page_by_number,
    page_by_time,
    readable,
    reference,
)
from shared.adapters.firestore_stock import count, create_counted, require_fits
from shared.adapters.google_errors import translated
from shared.core.clock import Clock, system_clock
from shared.core.errors import ConflictError, NotFoundError, QuotaExceededError
from shared.core.ids import is_id
from shared.domain.base import Page, PageRequest
from shared.domain.chunk import Chunk
from shared.domain.dead_letter import DeadLetter
from shared.domain.document import Document, DocumentStatus, Wait
from shared.domain.plan import Stock
from shared.ports.store import Versioned


class FirestoreDocuments:
    """`documents/{document_id}`; the version of a Versioned is the document's update time."""

    def __init__(self, client: AsyncClient, clock: Clock = system_clock) -> None:
        self._client = client
        self._clock = clock

    @translated
    async def create(self, document: Document, limits: Stock) -> None:
        """As the port says: two writes."""
        created = {reference(self._client, "documents", document.id): document}
        await create_counted(self._client, document.owner_id, created, _stock(document), limits)

    @translated
    async def get(self, document_id: str, owner_id: str) -> Document | None:
        """As the port says: one read."""
        return (await self.get_many([document_id], owner_id)).get(document_id)

    @translated
    async def get_many(self, document_ids: Sequence[str], owner_id: str) -> dict[str, Document]:
        """As the port says: a read an id."""
        found = await owned(self._client, "documents", document_ids, owner_id, Document)
        return {document_id: document for document_id, document in found.items() if self._is_kept(document)}

    @translated
    async def list(self, owner_id: str, bot_id: str, page: PageRequest) -> Page[Document]:
        """As the port says: a read a document, and one more."""
        found = await page_by_time(queries.documents(self._client, owner_id, bot_id), "created_at", page, Document)
        listed = (one for one in found.items if self._is_kept(one) and one.status is not DocumentStatus.DUPLICATE)
        return found.model_copy(update={"items": tuple(listed)})

    @translated
    async def load(self, document_id: str) -> Versioned[Document] | None:
        """As the port says: one read."""
        if not is_id(document_id):
            return None
        snapshot = await reference(self._client, "documents", document_id).get()
        document = loaded(Document, snapshot)
        return Versioned(document, snapshot.update_time) if document and not document.is_expired(self._clock()) else None

    @translated
    async def replace(self, read: Versioned[Document], document: Document) -> None:
        """As the port says: one write."""
        await self._commit(self._replacing(read, document), document)

    @translated
    async def release(self, read: Versioned[Document], document: Document) -> None:
        """As the port says: two writes."""
        batch = self._replacing(read, document)
        count(self._client, batch, read.value.owner_id, _stock(read.value), -1)
        await self._commit(batch, document)

    @translated
    async def resize(self, read: Versioned[Document], document: Document, limits: Stock) -> Versioned[Document]:
        """As the port says: two writes; a read where it grew, and two more writes where that is over the limit."""
        grown = document.size_bytes - read.value.size_bytes
        written = await self._resize(read, document, grown)
        if grown > 0:
            try:
                await require_fits(self._client, document.owner_id, Stock(bytes=grown), limits)
            except QuotaExceededError:
                await self._resize(written, read.value, -grown)
                raise
        return written

    @translated
    async def to_refresh(self, now: datetime, limit: int) -> Sequence[Document]:
        """As the port says: a read a document."""
        query = queries.documents_to_refresh(self._client, now).limit(limit)
        read = [readable(Document, snapshot) async for snapshot in query.stream()]
        return [document for document in read if document is not None]

    @translated
    async def report_retry(self, document_id: str, attempt: int, retry_at: datetime, due_at: datetime) -> None:
        """As the port says: one write, which Firestore refuses where there is no document."""
        try:
            head = reference(self._client, "documents", document_id)
            waiting = {"attempt": attempt, "retry_at": retry_at, "wait": Wait.RETRY.value, "stands_still": False}
            await head.update({**waiting, "due_at": due_at})
        except (NotFound, NotFoundError):
            return

    @translated
    async def due(self, now: datetime, limit: int) -> Sequence[Document]:
        """As the port says: a read a document."""
        query = queries.due_documents(self._client, now).limit(limit)
        read = [readable(Document, snapshot) async for snapshot in query.stream()]
        return [document for document in read if document is not None]

    async def _resize(self, read: Versioned[Document], document: Document, grown: int) -> Versioned[Document]:
        batch = self._replacing(read, document)
        if grown:
            count(self._client, batch, document.owner_id, Stock(bytes=abs(grown)), 1 if grown > 0 else -1)
        # Of this very write: read back, it might be another's by now, over which the caller would then write.
        return Versioned(document, await self._commit(batch, document))

    def _is_kept(self, document: Document) -> bool:
        return document.status is not DocumentStatus.DELETING and not document.is_expired(self._clock())

    def _replacing(self, read: Versioned[Document], document: Document) -> AsyncWriteBatch:
        # An update of every field, since a set takes no precondition; fields that only a later release knows survive it.
        batch = self._client.batch()
        head = reference(self._client, "documents", read.value.id)
        batch.update(head, fields(document), option=if_unchanged(self._client, read.version))
        return batch

    async def _commit(self, batch: AsyncWriteBatch, document: Document) -> Any:
        """The version that it has from now on; the document's own write is the batch's first."""
        try:
            head, *_ = await batch.commit()
        except (FailedPrecondition, NotFound) as error:
            # The library repeats a commit whose answer was lost, and the repetition meets what the first one has written.
            snapshot = await reference(self._client, "documents", document.id).get()
            if loaded(Document, snapshot) != document:
                raise ConflictError("The document has changed since it was read.") from error
            return snapshot.update_time
        return head.update_time


class FirestoreChunks:
    """`chunks/{chunk_id}`, which FirestoreVectorIndex writes; vectors stay where they are."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def get_many(self, chunk_ids: Sequence[str], owner_id: str) -> dict[str, Chunk]:
        """As the port says: a read an id."""
        return await owned(self._client, "chunks", chunk_ids, owner_id, Chunk, only=tuple(Chunk.model_fields))

    @translated
    async def list(self, document_id: str, generation: int, owner_id: str, page: PageRequest) -> Page[Chunk]:
        """As the port says: a read a chunk, and one more."""
        return await page_by_number(queries.chunks(self._client, document_id, generation, owner_id), "ordinal", page, Chunk)

    @translated
    async def count(self, document_id: str, generation: int | None = None) -> int:
        """As the port says: a read a thousand chunks."""
        return await counted(queries.chunks_of(self._client, document_id, generation))


class FirestoreDeadLetters:
    """`dead_letters/{message_id}`: a redelivered letter meets its own document."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def record(self, letter: DeadLetter) -> bool:
        """As the port says: one write."""
        try:
            await reference(self._client, "dead_letters", letter.id).create(fields(letter))
        except AlreadyExists:
            return False
        return True

    @translated
    async def get(self, letter_id: str) -> DeadLetter | None:
        """As the port says: one read."""
        return loaded(DeadLetter, await reference(self._client, "dead_letters", letter_id).get()) if is_id(letter_id) else None

    @translated
    async def list(self, page: PageRequest, topic: str | None = None) -> Page[DeadLetter]:
        """As the port says: a read a letter, and one more."""
        query = queries.dead_letters_of(self._client, topic) if topic else queries.dead_letters(self._client)
        return await page_by_time(query, "recorded_at", page, DeadLetter)

    @translated
    async def mark_replayed(self, letter_id: str, at: datetime) -> None:
        """As the port says: one write, which Firestore refuses where there is no letter."""
        try:
            await reference(self._client, "dead_letters", letter_id).update({"replayed_at": at})
        except (NotFound, NotFoundError):
            return


def _stock(document: Document) -> Stock:
    return Stock(documents=1, bytes=document.size_bytes)
