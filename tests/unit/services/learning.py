"""One document on in-memory ports, at any point of its way."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.core.settings import Settings
from shared.domain.blob import upload_name
from shared.domain.document import Document, DocumentStatus, Stage, StageProgress
from shared.domain.step import StageMessage, StepKey
from shared.ports.store import Versioned
from shared.services.pipeline import Pipeline
from tests.memory.blobs import MemoryBlobs, StoredBlob
from tests.memory.interposed import Interposed, Raises
from tests.memory.ledger import MemoryLedger
from tests.memory.queue import MemoryQueue
from tests.memory.store import MemoryDocuments, MemoryStore

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LEASE = timedelta(seconds=60)
MESSAGE = StageMessage(document_id="d1", generation=1)


class Bench:
    """Stores, a queue, a clock that stands until it is moved, and a hook before and after each call of a store."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.ledger = MemoryLedger(self.store)
        self.blobs = MemoryBlobs()
        self.queue = MemoryQueue()
        self.hook = Raises()
        self.now = NOW
        documents: Any = Interposed(MemoryDocuments(self.store), self.hook)
        ledger: Any = Interposed(self.ledger, self.hook)
        queue: Any = Interposed(self.queue, self.hook)
        settings = Settings(step_lease_seconds=LEASE.total_seconds())
        self.pipeline = Pipeline(documents, ledger, queue, lambda: self.now, settings)

    def put(self, status: DocumentStatus, **changes: Any) -> None:
        """Store the document `d1`; keywords named after a stage are its planned shards."""
        progress = {Stage(name): StageProgress(of=changes.pop(name)) for name in list(changes) if name in set(Stage)}
        known = {
            "id": "d1",
            "owner_id": "alice",
            "bot_id": "bot",
            "title": "a.txt",
            "content_type": "text/plain",
            "size_bytes": 5,
            "blob": upload_name("d1"),
            "created_at": NOW,
            "updated_at": NOW,
            "due_at": NOW,
        }
        document = Document(status=status, **{"progress": progress, **known, **changes})
        self.store.documents["d1"] = self.store.stamp(document)

    def upload(self, content: bytes = b"hello", content_type: str = "text/plain") -> None:
        """The object is in the bucket."""
        self.blobs.objects[upload_name("d1")] = StoredBlob(content, content_type)

    async def finish(self, stage: Stage, *shards: int, output: dict[str, Any] | None = None) -> None:
        """These steps are done."""
        for shard in shards:
            claim = await self.ledger.claim(key_of(stage, shard), "before", self.now, self.now + LEASE)
            await self.ledger.complete(claim, output or {}, self.now)

    async def hold(self, stage: Stage, shard: int) -> None:
        """Another works on this step."""
        await self.ledger.claim(key_of(stage, shard), "another", self.now, self.now + LEASE)

    @property
    def read(self) -> Versioned[Document]:
        """The document with its version."""
        return self.store.documents["d1"]

    @property
    def document(self) -> Document:
        """The document as it is stored."""
        return self.read.value

    def published(self) -> list[tuple[str, int]]:
        """Topic and shard of everything that was published since the last look."""
        topics = list(self.queue.topics)
        return [(topic, message.body["shard"]) for topic in topics for message in self.queue.drain(topic)]


def key_of(stage: Stage, shard: int) -> StepKey:
    """A step of `d1`."""
    return StepKey(document_id="d1", generation=1, stage=stage, shard=shard)
