"""A cloud that is as unkind as the real one may be: messages doubled, late, out of order, instances that die."""

import asyncio
import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from pydantic import ValidationError

from functions.chunk_document.main import chunk_document
from functions.embed_chunks.main import embed_chunks
from functions.embed_chunks.pay_once import ASK_LEASES
from functions.extract_document.main import extract_document
from functions.extract_document.sight import Sight
from functions.fetch_url.main import fetch_url
from functions.index_chunks.main import index_chunks
from functions.notify_devices.main import notify_devices
from functions.on_upload.main import on_upload
from functions.sweep_stalled_documents.main import sweep_stalled_documents
from shared.adapters.vision import Blind
from shared.core.errors import (
    ConflictError,
    DeadlineExceededError,
    ResourceExhaustedError,
    SynapseError,
    UnavailableError,
)
from shared.core.settings import Settings
from shared.domain.pipeline import NOTIFY_DEVICES
from shared.domain.step import StageMessage
from shared.ports.models import TextKind
from shared.runtime.call import Delivery, ObjectFinalized
from shared.services.attachments import Attachments
from shared.services.ceiling import DailyCeiling
from shared.services.metering import Purse
from shared.services.pages import Pages
from shared.services.pipeline import Pipeline
from shared.services.robots import Robots
from tests.faults.processes import Chance, Fate, Kill, Odds, Process
from tests.faults.stores import Stores, in_memory
from tests.memory.blobs import MemoryBlobs
from tests.memory.chat_models import FakeEmbedder, FakeTokenCounter
from tests.memory.interposed import Interposed
from tests.memory.notifier import MemoryNotifier
from tests.memory.queue import MemoryQueue
from tests.memory.store import MemoryStore
from tests.memory.web import MemoryWeb

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
TOKENS = 14
LEASE = timedelta(seconds=60)
SWEEP_EVERY = timedelta(minutes=1)
MOST_DELIVERIES = 10
STAGES: dict[str, Any] = {
    "fetch-url": fetch_url,
    "extract-document": extract_document,
    "chunk-document": chunk_document,
    "embed-chunks": embed_chunks,
    "index-chunks": index_chunks,
}
PORTS = {
    "fetch-url": {"pages"},
    "extract-document": {"blobs", "attachments", "sight"},
    "chunk-document": {"blobs", "counter"},
    "embed-chunks": {"blobs", "embedder", "cache", "holds", "pause"},
    "index-chunks": {"blobs", "index"},
}


@dataclass(frozen=True)
class Pending:
    """A message that was not acknowledged yet."""

    topic: str
    body: dict[str, Any]
    number: int
    deliveries: int = 0


@dataclass
class Counts:
    """What was done to the pipeline, and what it cost."""

    deliveries: int = 0
    doubled: int = 0
    sweeps: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    poisoned: int = 0
    lost_payments: int = 0
    late_payers: int = 0


class WatchedEmbedder:
    """The model, which may refuse, and remembers who asked it for what."""

    def __init__(self, cloud: "Cloud", process: Process) -> None:
        self._cloud, self._process = cloud, process
        self.spec = cloud.embedder.spec

    async def embed(self, texts: Sequence[str], kind: TextKind) -> list[tuple[float, ...]]:
        if self._cloud.dice.random() < self._cloud.model_fails:
            refusal = self._cloud.dice.choice(REFUSALS)
            self._cloud.counts.refusals[refusal[0]] += 1
            raise refusal[1]
        for text in texts:
            self._cloud.asked.setdefault(text, []).append((self._process, self._cloud.now))
        return await self._cloud.embedder.embed(texts, kind)


REFUSALS: list[tuple[str, SynapseError]] = [
    ("model unavailable", UnavailableError("The model is away.")),
    ("model too slow", DeadlineExceededError("The model took too long.")),
    ("429", ResourceExhaustedError("Too many.")),
    ("429 with Retry-After", ResourceExhaustedError("Too many.", retry_after_seconds=20)),
]


class Cloud:
    """Every store, the queue, the clock and the instances; the dice decide everything that chance decides.

    `store` is what the stores hold: always, in memory; elsewhere, as of the last `look`.
    """

    def __init__(self, seed: int, odds: Chance) -> None:
        self.dice = Random(seed)
        self.odds: Chance = odds
        self.now = START
        self.store = MemoryStore()
        self.stores = self._stores()
        self.web = MemoryWeb()
        self.blobs = MemoryBlobs()
        self.queue = MemoryQueue()
        self.notifier = MemoryNotifier()
        self.embedder = FakeEmbedder(dimension=16)
        self.model_fails = 0.0
        self.asked: dict[str, list[tuple[Process, datetime]]] = {}
        self.counts = Counts()
        self.pending: list[Pending] = []
        self.sleepers: dict[Process, asyncio.Task[None]] = {}
        self.next_sweep = START + SWEEP_EVERY
        self._numbers = 0

    def _stores(self) -> Stores:
        return in_memory(self.store, lambda: self.now)

    async def look(self) -> None:
        """Let `store` tell what the stores hold."""

    async def has_ended(self) -> bool:
        """Whether no document is on its way any more."""
        return all(stored.value.status.is_final for stored in self.store.documents.values())

    def send(self, topic: str, body: dict[str, Any]) -> None:
        self._numbers += 1
        self.pending.append(Pending(topic, body, self._numbers))

    async def round(self) -> None:
        """Some time passes, some messages are delivered at once, some sleepers wake, and the sweep runs if it is its time."""
        self.now += timedelta(seconds=self.dice.uniform(0, 25))
        self._collect()
        chosen = self._choose()
        await asyncio.gather(*(self._start(self.odds.draw(self.dice), pending) for pending in chosen))
        if self.now >= self.next_sweep:
            self.next_sweep = self.now + SWEEP_EVERY
            self.counts.sweeps += 1
            await self._start(self.odds.draw(self.dice), None)
        await self._wake(0.2)
        self._collect()

    async def calm_down(self) -> None:
        """From now on nothing goes wrong any more; what slept wakes, and every message is delivered."""
        self.odds = Odds()
        self.model_fails = 0.0
        await self._wake(1.0)
        while self.pending or self.queue.topics:
            await self.round()
        for _ in range(2):
            self.now += timedelta(hours=1)
            await self.round()
            while self.pending or self.queue.topics:
                await self.round()

    def _collect(self) -> None:
        for topic in list(self.queue.topics):
            for message in self.queue.drain(topic):
                self.send(topic, message.body)

    def _choose(self) -> list[Pending]:
        """Any of the waiting, in any order; one of seven stays, so that it is delivered again though it was acknowledged."""
        chosen = self.dice.sample(self.pending, min(len(self.pending), self.dice.randint(1, 4)))
        for pending in chosen:
            if self.dice.random() < 1 / 7:
                self.counts.doubled += 1
            else:
                self.pending.remove(pending)
        return chosen

    async def _start(self, process: Process, pending: Pending | None) -> None:
        """Run the instance until it has ended or stands still."""
        ending = asyncio.create_task(self._deliver(process, pending) if pending else self._sweep(process))
        standing = asyncio.create_task(process.asleep.wait())
        await asyncio.wait({ending, standing}, return_when=asyncio.FIRST_COMPLETED)
        standing.cancel()
        await asyncio.wait({standing})
        if ending.done():
            ending.result()
            return
        self.sleepers[process] = ending
        if pending and self.dice.random() < 1 / 2:  # Its acknowledgement is late, so it is delivered again.
            self.pending.append(pending)

    async def _deliver(self, process: Process, pending: Pending) -> None:
        self.counts.deliveries += 1
        try:
            await self._invoke(process, pending)
        except ValidationError:
            self.counts.poisoned += 1  # The runtime acknowledges what is no message.
        except (Kill, UnavailableError, DeadlineExceededError, ConflictError):
            self._again(pending)
        self._count(process)

    async def _sweep(self, process: Process) -> None:
        try:
            blobs, contents = Interposed(self.blobs, process), self._contents(process)
            await sweep_stalled_documents.use_case(pipeline=self._pipeline(process), contents=contents, blobs=blobs)
        except (Kill, SynapseError):
            self._count(process)

    async def _invoke(self, process: Process, pending: Pending) -> None:
        pipeline, ports = self._pipeline(process), self._ports(process)
        if pending.topic == "on-upload":
            notice, contents = ObjectFinalized(**pending.body), self._contents(process)
            await on_upload.use_case(notice, pipeline=pipeline, contents=contents, blobs=ports["blobs"])
            return
        if pending.topic == NOTIFY_DEVICES:
            accounts, notifier = Interposed(self.stores.accounts, process), Interposed(self.notifier, process)
            told = StageMessage(**pending.body)
            await notify_devices.use_case(told, pipeline=pipeline, accounts=accounts, notifier=notifier)
            return
        own = {name: ports[name] for name in PORTS[pending.topic]}
        process.born, process.step = self.now, f"{pending.topic} {sorted(pending.body.items())}"
        message, delivery = StageMessage(**pending.body), Delivery(str(pending.number))
        await STAGES[pending.topic].use_case(message, delivery, pipeline=pipeline, **own)

    def _contents(self, process: Process) -> Any:
        return Interposed(self.stores.contents, process)

    async def _pause(self, _: float) -> None:
        await asyncio.sleep(0)

    def _again(self, pending: Pending) -> None:
        assert pending.deliveries < MOST_DELIVERIES, f"{pending} would be dead"
        self.pending.append(replace(pending, deliveries=pending.deliveries + 1))

    def _count(self, process: Process) -> None:
        if process.moment and process.fate is not Fate.LIVES:
            self.counts.fates[process.fate] += 1
        self.counts.lost_payments += process.lost_payment
        self.counts.late_payers += process.may_pay_late

    async def _wake(self, chance: float) -> None:
        for process in [process for process in self.sleepers if self.dice.random() < chance]:
            process.awake.set()
            await self.sleepers.pop(process)

    def _pipeline(self, process: Process) -> Pipeline:
        return Pipeline(
            documents=Interposed(self.stores.documents, process),
            ledger=Interposed(self.stores.ledger, process),
            queue=Interposed(self.queue, process),
            clock=lambda: self.now,
            settings=Settings(step_lease_seconds=LEASE.total_seconds()),
        )

    def _ports(self, process: Process) -> dict[str, Any]:
        real = {
            "blobs": self.blobs,
            "embedder": WatchedEmbedder(self, process),
            "cache": self.stores.cache,
            "holds": self.stores.holds,
            "index": self.stores.index,
            "web": self.web,
        }
        ports: dict[str, Any] = {name: Interposed(port, process) for name, port in real.items()}
        pipeline, blobs, accounts = self._pipeline(process), ports["blobs"], self.stores.accounts
        robots = Robots(ports["web"], lambda: self.now)
        ports["pages"] = Pages(pipeline, ports["web"], robots, blobs, accounts)
        ports |= {"sight": self._sight(ports), "attachments": Attachments(pipeline, blobs, accounts)}
        return ports | {"counter": FakeTokenCounter(TOKENS), "pause": self._pause}

    def _sight(self, ports: dict[str, Any]) -> Sight:
        purse = Purse(self.stores.usage, DailyCeiling(self.stores.ceiling, 0, lambda: self.now))
        return Sight(Blind(), ports["blobs"], ports["holds"], self.stores.accounts, purse, lambda: self.now)

    def paid_again(self) -> Counter[str]:
        """Texts that were asked of the model more than once, by what made it happen."""
        reasons: Counter[str] = Counter()
        for askers in self.asked.values():
            for (before, _), (after, now) in pairwise(askers):
                if before.dead or before.lost_payment:
                    reasons["died with the answer"] += 1
                else:
                    reasons["stood still past its lease" if _is_late(before, after, now) else "twice"] += 1
        return reasons


def _is_late(before: Process, after: Process, now: datetime) -> bool:
    """Whether one of the two had stood still until another might ask for its texts: its own step's next holder, or any other."""
    lease = LEASE if before.step == after.step else LEASE * ASK_LEASES
    return Fate.STANDS_STILL in {before.fate, after.fate} and any(one.born and now - one.born >= lease for one in (before, after))


def notice_of(name: str, content: bytes) -> dict[str, Any]:
    """The bucket's word that the object is whole."""
    md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    return {"name": name, "bucket": "demo-synapse-files", "size": len(content), "content_type": "text/plain", "md5": md5}
