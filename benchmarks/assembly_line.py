"""The real pipeline functions in this process, all ports in memory but the blobs' bytes, which lie in a folder."""

import shutil
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from shared.adapters.vision import Blind
from shared.core.clock import Clock, system_clock
from shared.core.ids import new_id
from shared.core.settings import Settings
from shared.domain import pipeline as rules
from shared.domain.document import Document
from shared.domain.plan import Stock
from shared.ingest.kinds import accepted_type
from shared.ports.blobs import Blobs
from shared.ports.contents import Contents
from shared.ports.identity import Accounts
from shared.ports.ledger import Holds, Ledger
from shared.ports.models import Embedder, EmbeddingCache, TokenCounter, VectorIndex
from shared.ports.queue import Queue
from shared.ports.store import Bots, Chunks, DeadLetters, Documents
from shared.ports.usage import Usage
from shared.ports.vision import Vision
from shared.runtime.wiring import bound
from shared.services.ceiling import DailyCeiling
from tests.functional.harness import Reply, client_for
from tests.memory.accounts import MemoryAccounts
from tests.memory.blobs import MemoryBlobs, StoredBlob
from tests.memory.contents import MemoryContents
from tests.memory.ledger import MemoryHolds, MemoryLedger
from tests.memory.models import MemoryEmbeddingCache, MemoryVectorIndex
from tests.memory.queue import MemoryQueue, PublishedMessage
from tests.memory.store import MemoryBots, MemoryChunks, MemoryDeadLetters, MemoryDocuments, MemoryStore
from tests.memory.turns import MemoryCeiling, MemoryUsage

STAGES = ("extract-document", "chunk-document", "embed-chunks", "index-chunks")
_UNLIMITED = Stock(bots=10**9, documents=10**9, bytes=10**15)


class FolderObjects(MutableMapping[str, StoredBlob]):
    """Objects as files; the type of each is not kept, since no stage asks for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where an object's bytes lie."""
        return self.folder / quote(name, safe="")

    def __getitem__(self, name: str) -> StoredBlob:
        if not self.path(name).exists():
            raise KeyError(name)
        return StoredBlob(self.path(name).read_bytes(), "application/octet-stream")

    def __setitem__(self, name: str, blob: StoredBlob) -> None:
        self.path(name).write_bytes(blob.content)

    def __delitem__(self, name: str) -> None:
        self.path(name).unlink()

    def __contains__(self, name: object) -> bool:
        return self.path(str(name)).exists()

    def __iter__(self) -> Iterator[str]:
        return (unquote(path.name) for path in self.folder.iterdir())

    def __len__(self) -> int:
        return sum(1 for _ in self)


class FolderBlobs(MemoryBlobs):
    """A bucket in a folder; as with the real one, a download never has the whole object in memory."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.files = FolderObjects(folder)
        self.objects = self.files  # type: ignore[assignment]  # The twin uses nothing that only a dict has.

    async def download(self, name: str, path: Path) -> None:
        """As the port says."""
        shutil.copyfile(self.files.path(name), path)


class AssemblyLine:
    """What the stages share between two deliveries; it can be pickled, so that each delivery may have a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.blobs = FolderBlobs(folder)
        self.store = MemoryStore()
        self.queue = MemoryQueue()

    @contextmanager
    def running(self, embedder: Embedder, counter: TokenCounter) -> Iterator[None]:
        """Within the block every function works on this line."""
        ports: dict[Any, Any] = {
            Accounts: MemoryAccounts(self.store),
            Usage: MemoryUsage(self.store),
            DailyCeiling: DailyCeiling(MemoryCeiling(self.store), 0, system_clock),
            Vision: Blind(),
            Bots: MemoryBots(self.store),
            Documents: MemoryDocuments(self.store),
            Contents: MemoryContents(self.store),
            Chunks: MemoryChunks(self.store),
            DeadLetters: MemoryDeadLetters(self.store),
            Ledger: MemoryLedger(self.store),
            Holds: MemoryHolds(self.store),
            Blobs: self.blobs,
            Queue: self.queue,
            Embedder: embedder,
            TokenCounter: counter,
            EmbeddingCache: MemoryEmbeddingCache(self.store),
            VectorIndex: MemoryVectorIndex(self.store),
            Clock: system_clock,
            Settings: Settings(),
        }
        with bound(ports):
            yield

    def document(self, document_id: str) -> Document:
        """As it is stored."""
        return self.store.documents[document_id].value

    async def upload(self, path: Path) -> str:
        """A person's upload has ended, and the bucket tells of it; the document's id."""
        document = _announced(path)
        await MemoryDocuments(self.store).create(document, _UNLIMITED)
        shutil.copyfile(path, self.blobs.files.path(document.blob))
        _require_taken("on_upload", await client_for("on_upload").notify(document.blob, document.size_bytes))
        return document.id

    def next_messages(self) -> tuple[str, list[PublishedMessage]] | None:
        """What waits in the first topic that has some; they are then gone."""
        topic = next((topic for topic in STAGES if self.queue.topics.get(topic)), None)
        return (topic, self.queue.drain(topic)) if topic else None

    async def deliver(self, topic: str, body: Any) -> None:
        """One push to the stage. Raises RuntimeError unless it is acknowledged."""
        _require_taken(topic, await client_for(topic.replace("-", "_")).push(body))

    async def learn(self, path: Path) -> Document:
        """Upload, and deliver until nothing waits; the document in its end."""
        document_id = await self.upload(path)
        while waiting := self.next_messages():
            topic, messages = waiting
            for message in messages:
                await self.deliver(topic, message.body)
        return self.document(document_id)


def _announced(path: Path) -> Document:
    return rules.announced(
        new_id(),
        system_clock(),
        owner_id="owner",
        bot_id="bot",
        title=path.name,
        content_type=accepted_type(path.name, ""),
        size_bytes=path.stat().st_size,
    )


def _require_taken(function: str, reply: Reply) -> None:
    if reply.status != 204:
        raise RuntimeError(f"{function} answered {reply.status}: {reply.content[:400]!r}")
