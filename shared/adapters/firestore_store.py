"""Documents, chunks and dead letters in Firestore, without a transaction anywhere."""

from collections.abc import Sequence
from datetime import datetime

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
    stands,
)
from shared.adapters.firestore_stock import count, create_counted
from shared.adapters.google_errors import translated
from shared.core.errors import ConflictError, NotFoundError
from shared.core.ids import is_id
from shared.domain.base import Page, PageRequest
from shared.domain.chunk import Chunk
from shared.domain.dead_letter import DeadLetter
from shared.domain.document import Document, DocumentStatus, Stage
from shared.domain.plan import Stock
from shared.ports.store import Versioned


class FirestoreDocuments:
    """`documents/{document_id}`; the version of a Versioned is the document's update time."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

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
        return {document_id: document for document_id, document in found.items() if _is_kept(document)}

    @translated
    async def list(self, owner_id: str, bot_id: str, page: PageRequest) -> Page[Document]:
        """As the port says: a read a document, and one more."""
        found = await page_by_time(queries.documents(self._client, owner_id, bot_id), "created_at", page, Document)
        return found.model_copy(update={"items": tuple(filter(_is_kept, found.items))})

    @translated
    async def load(self, document_id: str) -> Versioned[Document] | None:
        """As the port says: one read."""
        if not is_id(document_id):
            return None
        snapshot = await reference(self._client, "documents", document_id).get()
        document = loaded(Document, snapshot)
        return Versioned(document, snapshot.update_time) if document else None

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
    async def report(self, document_id: str, stage: Stage, done: int, due_at: datetime) -> None:
        """As the port says: one write, which Firestore refuses where there is no document."""
        try:
            head = reference(self._client, "documents", document_id)
            await head.update({f"progress.{stage.value}.done": done, "due_at": due_at})
        except (NotFound, NotFoundError):
            return

    @translated
    async def due(self, now: datetime, limit: int) -> Sequence[Document]:
        """As the port says: a read a document."""
        query = queries.due_documents(self._client, now).limit(limit)
        read = [readable(Document, snapshot) async for snapshot in query.stream()]
        return [document for document in read if document is not None]

    def _replacing(self, read: Versioned[Document], document: Document) -> AsyncWriteBatch:
        # An update of every field, since a set takes no precondition; fields that only a later release knows survive it.
        batch = self._client.batch()
        head = reference(self._client, "documents", read.value.id)
        batch.update(head, fields(document), option=if_unchanged(self._client, read.version))
        return batch

    async def _commit(self, batch: AsyncWriteBatch, document: Document) -> None:
        try:
            await batch.commit()
        except (FailedPrecondition, NotFound) as error:
            # The library repeats a commit whose answer was lost, and the repetition meets what the first one has written.
            if not await stands(reference(self._client, "documents", document.id), document):
                raise ConflictError("The document has changed since it was read.") from error


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


def _is_kept(document: Document) -> bool:
    return document.status is not DocumentStatus.DELETING


def _stock(document: Document) -> Stock:
    return Stock(documents=1, bytes=document.size_bytes)
