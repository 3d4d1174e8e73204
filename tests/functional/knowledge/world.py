"""Alice's bot learns; Bob has nothing. Every port is in memory, and a drain delivers what was published as Pub/Sub would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.core.clock import Clock
from shared.core.settings import Settings
from shared.domain.document import Document
from shared.ports.blobs import Blobs
from shared.ports.contents import Contents
from shared.ports.deletions import Deletions, Remains
from shared.ports.identity import Accounts, Identity
from shared.ports.ledger import Holds, Ledger, Receipts
from shared.ports.models import Embedder, EmbeddingCache, TokenCounter, VectorIndex
from shared.ports.notifier import Notifier
from shared.ports.pause import Pause
from shared.ports.queue import Queue
from shared.ports.store import Bots, Chunks, DeadLetters, Documents, Turns
from shared.ports.usage import Usage
from shared.ports.vision import Vision
from shared.ports.web import Web
from shared.runtime.wiring import bound
from shared.services.ceiling import DailyCeiling
from shared.services.robots import Robots
from tests.functional.harness import Reply, client_for
from tests.functional.people import recorded
from tests.memory.accounts import MemoryAccounts
from tests.memory.blobs import MemoryBlobs
from tests.memory.chat_models import FakeEmbedder, FakeTokenCounter
from tests.memory.contents import MemoryContents
from tests.memory.deletions import MemoryDeletions, MemoryRemains
from tests.memory.identity import MemoryIdentity
from tests.memory.interposed import Interposed, Raises
from tests.memory.ledger import MemoryHolds, MemoryLedger, MemoryReceipts
from tests.memory.models import MemoryEmbeddingCache, MemoryVectorIndex
from tests.memory.notifier import MemoryNotifier
from tests.memory.queue import MemoryQueue
from tests.memory.store import MemoryBots, MemoryChunks, MemoryDeadLetters, MemoryDocuments, MemoryStore
from tests.memory.turns import MemoryCeiling, MemoryTurns, MemoryUsage
from tests.memory.vision import ScriptedVision
from tests.memory.web import MemoryWeb
from tests.unit.agent.library import a_bot

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
TEXT = b"Blue whales eat krill, up to four tonnes a day.\n\nWhales breathe"
STAGES = ("fetch-url", "extract-document", "chunk-document", "embed-chunks", "index-chunks")
FUNCTIONS = {topic: client_for(topic.replace("-", "_")) for topic in STAGES}
PURGES = ("purge-generations", "purge-document", "purge-bot", "purge-conversation")
DELIVERED = FUNCTIONS | {topic: client_for(topic.replace("-", "_")) for topic in (*PURGES, "notify-devices")}
CREATE = client_for("create_upload")
ON_UPLOAD = client_for("on_upload")
SWEEP = client_for("sweep_stalled_documents")
STATUS = client_for("get_upload_status")


async def no_pause(_: float) -> None:
    """Nobody else does anything meanwhile."""


class World:
    """What the knowledge functions find behind their ports."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.blobs = MemoryBlobs()
        self.queue = MemoryQueue()
        self.notifier = MemoryNotifier()
        self.web = MemoryWeb()
        self.embedder = FakeEmbedder()
        self.vision = ScriptedVision(can_see=False)
        self.hook = Raises()
        self.now = START
        self.settings = Settings(max_upload_bytes=1_000_000, site_pause_seconds=0)
        self.store.bots["bot"] = a_bot()

    @contextmanager
    def running(self) -> Iterator["World"]:
        """Within the block every function works on this world; the hook sees each call of the interposed ports."""
        ports: dict[Any, Any] = {
            Identity: MemoryIdentity(),
            Accounts: MemoryAccounts(self.store),
            Receipts: MemoryReceipts(self.store),
            Bots: MemoryBots(self.store),
            Documents: Interposed(MemoryDocuments(self.store, lambda: self.now), self.hook),
            Contents: Interposed(MemoryContents(self.store), self.hook),
            Chunks: MemoryChunks(self.store),
            DeadLetters: MemoryDeadLetters(self.store),
            Deletions: Interposed(MemoryDeletions(self.store, lambda: self.now), self.hook),
            Remains: MemoryRemains(self.store),
            Turns: MemoryTurns(self.store, lambda: self.now),
            Usage: MemoryUsage(self.store),
            DailyCeiling: DailyCeiling(MemoryCeiling(self.store), self.settings.daily_token_ceiling, lambda: self.now),
            Ledger: MemoryLedger(self.store),
            Holds: MemoryHolds(self.store),
            Blobs: Interposed(self.blobs, self.hook),
            Queue: Interposed(self.queue, self.hook),
            Notifier: self.notifier,
            Web: Interposed(self.web, self.hook),
            Robots: Robots(self.web, lambda: self.now),
            Embedder: self.embedder,
            Vision: self.vision,
            Pause: no_pause,
            EmbeddingCache: MemoryEmbeddingCache(self.store),
            TokenCounter: FakeTokenCounter(),
            VectorIndex: Interposed(MemoryVectorIndex(self.store), self.hook),
            Clock: lambda: self.now,
            Settings: self.settings,
        }
        with bound(ports):
            yield self

    def document(self, document_id: str) -> Document:
        """The document as it is stored."""
        return self.store.documents[document_id].value

    async def create(self, title: str, content_type: str, size_bytes: int) -> str:
        """Alice asks for an upload; the document's id."""
        asked = {"bot_id": "bot", "title": title, "content_type": content_type, "size_bytes": size_bytes}
        document_id: str = (await CREATE.call(asked, token="alice")).result["document_id"]
        return document_id

    async def upload(self, title: str, content: bytes, content_type: str = "text/plain") -> str:
        """Alice uploads a file, and the bucket tells of it; the document's id."""
        document_id = await self.create(title, content_type, len(content))
        stat = self.blobs.finish_upload(f"uploads/{document_id}", content)
        assert (await ON_UPLOAD.notify(stat.name, stat.size_bytes, stat.md5, stat.content_type)).status == 204
        return document_id

    async def deliver(self) -> list[int]:
        """Deliver what was published until nothing is left; each delivery's status."""
        statuses = []
        while topic := next((topic for topic in DELIVERED if self.queue.topics.get(topic)), None):
            replies = [await DELIVERED[topic].push(message.body) for message in self.queue.drain(topic)]
            statuses += [reply.status for reply in replies]
        return statuses

    async def learn(self, title: str, content: bytes, content_type: str = "text/plain") -> Document:
        """Upload a file and deliver every message; the document in its end."""
        document_id = await self.upload(title, content, content_type)
        assert set(await self.deliver()) == {204}
        return self.document(document_id)

    async def sweep(self, later: timedelta = timedelta(0)) -> Reply:
        """The scheduled look, after some time."""
        self.now += later
        return await SWEEP.schedule()


def payload(name: str, /, **changes: Any) -> Any:
    """The recorded payload of these tests, with changes."""
    return recorded(__file__, name, **changes)


def raw_payload(name: str) -> bytes:
    """The recorded payload as it came over the wire."""
    return (Path(__file__).parent / "payloads" / f"{name}.json").read_bytes()


def file(name: str) -> bytes:
    """A public file of the tests."""
    return (Path(__file__).parents[2] / "files" / name).read_bytes()


def published(world: World, topic: str) -> list[Any]:
    """The bodies that wait in a topic."""
    return [json.loads(json.dumps(message.body)) for message in world.queue.drain(topic)]
