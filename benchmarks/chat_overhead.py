"""What our own code adds to a chat turn, beside what the store, the search and the model take.

    python -m benchmarks.chat_overhead [--people 10] [--share 1.0] [--only 'LOAD'] [--checkpoint-seconds 2]

The real `chat` runs alone in a process (benchmarks/chat_server.py) on the Firestore emulator; this process is all the people.
docs/benchmarks.md says what each column claims.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from math import hypot, sqrt
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
from google.cloud.firestore import AsyncClient

from benchmarks.chat_server import PLAN, UNLIMITED
from benchmarks.streams import Person, Streamed, arrive, ask, keep_open
from benchmarks.stub_model import Delays, FixedEmbedder, RememberingIndex
from benchmarks.table import keep, percentile, print_table
from local import stack
from local.accounts import sign_in
from local.ports import HOST
from local.processes import Child
from shared.adapters.firestore_bots import FirestoreBots
from shared.adapters.firestore_client import open_client
from shared.adapters.firestore_store import FirestoreDocuments
from shared.adapters.firestore_turns import FirestoreTurns
from shared.adapters.firestore_vectors import FirestoreVectorIndex
from shared.core.clock import system_clock
from shared.core.ids import new_id
from shared.domain.bot import BotDraft
from shared.domain.chunk import EmbeddedChunk
from shared.domain.document import DocumentStatus
from tests.contracts import records

CHUNKS = 200
WORDS_A_CHUNK = 150
SEARCHED = 32  # What retrieval asks the index for at the default top_k.
TALK = Delays(first_ms=200, gap_ms=20, tokens=50)
LONG = Delays(first_ms=200, gap_ms=1000, tokens=60)


@dataclass(frozen=True)
class Load:
    """How people come: so many at once, or, where `per_second` is set, on a timetable."""

    name: str
    total: int
    concurrency: int = 1
    per_second: float | None = None
    delays: Delays = TALK
    search_ms: int = 30
    """0: the emulator's own search, which costs it the whole collection; else what was found before, after that delay."""
    parts: int = 1
    """More than one: as many chains come the same way before each part, so that both meet the same machine."""

    async def run(self, work: Callable[[int], Awaitable[Any]]) -> list[Any]:
        """What each call came to."""
        if self.per_second is not None:
            return await arrive(self.per_second, self.total, work)
        return await keep_open(self.concurrency, self.total, work)

    def fewer(self, share: float) -> "Load":
        """The same, for a look at it."""
        return replace(self, total=max(self.concurrency, round(self.total * share)))


MANY_OPEN = "1,000 open"
LOADS = (
    Load("1 stream", 40, search_ms=0, parts=4),
    Load("20 streams", 300, concurrency=20),
    Load("200 streams", 600, concurrency=200),
    Load("12 a second", 240, per_second=12, parts=4),
    Load("36 a second", 720, per_second=36, parts=4),
    Load(MANY_OPEN, 1000, per_second=25, delays=LONG),
)


@dataclass
class Outcome:
    """One load's streams, the server's turns, and the chains of store and search calls that came the same way, in seconds."""

    load: Load
    streams: list[Streamed] = field(default_factory=list)
    turns: list[dict[str, Any]] = field(default_factory=list)
    lags_ms: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    memory_mb: float = 0.0
    chains: list[float] = field(default_factory=list)

    def take(self, streams: list[Streamed], measured: dict[str, Any]) -> None:
        """Add a part of the load."""
        self.streams += streams
        self.turns += measured["turns"]
        self.lags_ms += measured["lags_ms"]
        self.cpu_seconds += measured["cpu_seconds"]
        self.memory_mb = max(self.memory_mb, measured["memory_mb"])

    @property
    def faults(self) -> list[str]:
        """Of the streams that are not whole."""
        return [stream.fault for stream in self.streams if stream.fault]

    def seen(self, moment: str) -> list[float]:
        """Milliseconds until a person saw it."""
        return [1000 * at for stream in self.streams if (at := getattr(stream, moment)) is not None]

    def own(self, moment: str) -> list[float]:
        """Our own milliseconds until it left."""
        return [turn["own"][moment] for turn in self.turns if moment in turn["own"]]

    def wholes(self) -> list[float]:
        """Milliseconds until the first token, less the model's delay: what stands against a chain."""
        return [each - self.load.delays.first_ms for each in self.seen("first_token")]

    def ratio(self, percent: float) -> float:
        """The whole to the chain at a percentile; NaN without chains."""
        return percentile(self.wholes(), percent) / (1000 * percentile(self.chains, percent))

    def row(self) -> dict[str, str]:
        """One line of the table, in milliseconds."""
        return {
            "load": self.load.name,
            "search": f"{self.load.search_ms} ms" if self.load.search_ms else "emulator",
            "streams": str(len(self.streams)),
            "truncated": str(len(self.faults)),
            "first event P50/P95/max": _percentiles(self.seen("first_event"), 50, 95, 100),
            "first token P50/P95": _percentiles(self.seen("first_token"), 50, 95),
            "own to first event P50/P95": _percentiles(self.own("first_event"), 50, 95),
            "own to first token P50/P95": _percentiles(self.own("first_token"), 50, 95),
            "whole ÷ chain P50/P95": f"{self.ratio(50):.2f} / {self.ratio(95):.2f}" if self.chains else "",
            "loop lag P95": _percentiles(self.lags_ms, 95),
            "CPU a turn": f"{1000 * self.cpu_seconds / max(1, len(self.turns)):.1f}",
            "memory MB": f"{self.memory_mb:.0f}",
        }

    def waits(self) -> dict[str, str]:
        """Where a turn waited, in milliseconds."""
        names = sorted({name for turn in self.turns for name in turn["waited"]})
        waited = {name: [turn["waited"].get(name, 0.0) for turn in self.turns] for name in names}
        return {"load": self.load.name, **{name: _percentiles(each, 50, 95) for name, each in waited.items()}}


def _percentiles(values: Sequence[float], *percents: float) -> str:
    return " / ".join(f"{percentile(values, percent):.1f}" for percent in percents)


class Store:
    """The adapters that `chat` itself uses, to seed with and to measure alone."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._bots = FirestoreBots(client)
        self._documents = FirestoreDocuments(client)
        self._turns = FirestoreTurns(client)
        self._index = FirestoreVectorIndex(client)
        self.search = RememberingIndex(self._index)
        self._vector = FixedEmbedder().vector

    async def seed(self, person: Person) -> None:
        """An account without limits, and a bot that has learned one document."""
        await self._client.collection("users").document(person.uid).set({"id": person.uid, "plan_id": PLAN})
        draft = BotDraft(name="Harbour master", model=TALK.name)
        await self._bots.create(records.bot(person.uid, id=person.bot_id, configuration=draft), records.PLENTY)
        learned = {"status": DocumentStatus.READY, "live_generation": 1}
        document = records.document(person.uid, id=person.bot_id, bot_id=person.bot_id).model_copy(update=learned)
        await self._documents.create(document, records.PLENTY)
        await self._index.put([entry_of(person, ordinal) for ordinal in range(CHUNKS)])

    async def answer_with(self, people: Sequence[Person], delays: Delays) -> None:
        """Let every bot speak with that model."""
        for person in people:
            await self._client.collection("bots").document(person.bot_id).update({"configuration.model": delays.name})

    async def chain(self, person: Person) -> float:
        """Seconds of a turn's calls until its model is asked, one after another; its settlement follows, unmeasured."""
        now = system_clock()
        conversation = records.conversation(person.uid, bot_id=person.bot_id)
        turn = records.turn(conversation.id, person.uid, bot_id=person.bot_id, reserved_at=now)
        began = perf_counter()
        await self._turns.context(person.uid, None, person.bot_id)
        reserved = await self._turns.reserve(turn, UNLIMITED)
        hits = await self.search.search(self._vector, person.bot_id, person.uid, SEARCHED)
        await self._documents.get_many(sorted({hit.chunk.document_id for hit in hits}), person.uid)
        seconds = perf_counter() - began
        await self._turns.settle(reserved.turn, records.answered(turn), records.unstored(conversation))
        return seconds


def entry_of(person: Person, ordinal: int) -> EmbeddedChunk:
    """A passage of common and rare words whose cosine to the fixed vector is between 0.3 and 0.9."""
    chance = random.Random(f"{person.bot_id}-{ordinal}")
    words = [f"w{int(chance.paretovariate(0.7)) % 5000}" for _ in range(WORDS_A_CHUNK)]
    chunk = records.chunk(person.bot_id, ordinal, owner_id=person.uid, bot_id=person.bot_id, text=" ".join(words))
    near = chance.uniform(0.3, 0.9)
    rest = [chance.gauss(0, 1) for _ in range(FixedEmbedder().spec.dimension - 1)]
    scale = sqrt(1 - near * near) / hypot(*rest)
    return EmbeddedChunk(chunk=chunk, vector=(near, *(scale * value for value in rest)))


class Trial:
    """The running servers, and the people who come to them."""

    def __init__(self, port: int, store: Store, people: Sequence[Person]) -> None:
        self._port = port
        self._server = httpx.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=60)
        self._store = store
        self._people = people

    async def run(self, load: Load) -> Outcome:
        """The load, in as many parts as are compared with chains in between."""
        await self._store.answer_with(self._people, load.delays)
        self._store.search.delay_seconds = load.search_ms / 1000
        (await self._server.put(f"/search/{load.search_ms}")).raise_for_status()
        outcome = Outcome(load)
        await self._measured()
        for _ in range(load.parts):
            part = replace(load, total=load.total // load.parts)
            if load.parts > 1:
                outcome.chains += await part.run(lambda number: self._store.chain(self._person(number)))
                await self._measured()
            streams = await part.run(lambda number: ask(self._port, self._person(number)))
            outcome.take(streams, await self._measured())
        return outcome

    def _person(self, number: int) -> Person:
        return self._people[number % len(self._people)]

    async def _measured(self) -> dict[str, Any]:
        measured: dict[str, Any] = (await self._server.get("/measured")).json()
        return measured


def report(outcomes: Sequence[Outcome]) -> dict[str, list[dict[str, str]]]:
    """Print the tables, the last beside the goals; they are answered."""
    rows, waits = [outcome.row() for outcome in outcomes], [outcome.waits() for outcome in outcomes]
    goals = [goal for outcome in outcomes for goal in goals_of(outcome)]
    print("Milliseconds:\n")
    print_table(rows)
    print("\nWaits of a turn, P50 / P95:\n")
    print_table(waits)
    print()
    print_table(goals)
    for outcome in outcomes:
        for fault, times in Counter(outcome.faults).items():
            print(f"{outcome.load.name}: {times} x {fault[:300]}")
    return {"rows": rows, "waits": waits, "goals": goals}


def goals_of(outcome: Outcome) -> list[dict[str, str]]:
    """What the load is to hold, and whether it does."""
    figures: list[tuple[str, float, float]] = [("truncated streams", len(outcome.faults), 0)]
    if outcome.load.per_second and outcome.chains:
        figures.append(("own code to the first event, P95 ms", percentile(outcome.own("first_event"), 95), 10))
        figures.append(("own code to the first token, P95 ms", percentile(outcome.own("first_token"), 95), 10))
    if outcome.chains:
        figures.append(("whole ÷ chain, P50", outcome.ratio(50), 1.2))
        figures.append(("whole ÷ chain, P95", outcome.ratio(95), 1.2))
    if outcome.load.name == MANY_OPEN:
        figures.append(("worst first event, ms", percentile(outcome.seen("first_event"), 100), 1000))
        figures.append(("memory, MB", outcome.memory_mb, 512))
    return [
        {"load": outcome.load.name, "figure": name, "measured": f"{value:.2f}".removesuffix(".00"), "goal": f"≤ {goal}"}
        | {"reached": "yes" if value <= goal else "NO"}
        for name, value, goal in figures
    ]


async def compare(people: Sequence[Person], loads: Sequence[Load], server: Child, running: stack.Stack) -> list[Outcome]:
    """Seed, warm up, and run one load after another."""
    store = Store(open_client(running.emulators.project))
    for person in people:
        await store.seed(person)
    print(f"{len(people)} bots of {CHUNKS} chunks are ready", file=sys.stderr)
    server.wait_until_ready()
    trial = Trial(running.emulators.ports.gateway, store, people)
    warm_up = Load("warm-up", 2 * max(40, len(people)), concurrency=4, parts=2)
    await trial.run(warm_up)  # Beside caches it fills both memories of searches, the server's and the chains'.
    outcomes = []
    for load in loads:
        outcomes.append(await trial.run(load))
        print(f"{load.name}: done", file=sys.stderr)
    return outcomes


def people_of(running: stack.Stack, count: int) -> list[Person]:
    """Signed-up people."""
    auth = running.environment["FIREBASE_AUTH_EMULATOR_HOST"]
    signed_in = [sign_in(auth, f"person{number}@demo.example", "correct horse battery") for number in range(count)]
    return [Person(each.uid, each.id_token, new_id()) for each in signed_in]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chat_overhead", description=__doc__)
    parser.add_argument("--people", type=int, default=10, help="owners, each of one bot")
    parser.add_argument("--share", type=float, default=1.0, help="of each load's streams, for a quick look")
    parser.add_argument("--only", choices=[load.name for load in LOADS], help="one load alone; the results file is left as it is")
    parser.add_argument("--checkpoint-seconds", default="2", help="the function's STREAM_CHECKPOINT_SECONDS; 0 for none")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    loads = [load.fewer(given.share) for load in LOADS if given.only in {None, load.name}]
    with tempfile.TemporaryDirectory() as made, stack.emulated(Path(made) / "stack") as running:
        running.wait_until_ready()
        os.environ.update(running.environment)  # The Firestore client that seeds finds its emulator there.
        variables = {**os.environ, "STREAM_CHECKPOINT_SECONDS": given.checkpoint_seconds}
        command = [sys.executable, "-m", "benchmarks.chat_server", str(running.emulators.ports.gateway), made]
        server = running.group.start("chat", command, variables, running.url + "/measured")
        tables = report(asyncio.run(compare(people_of(running, given.people), loads, server, running)))
    if given.only is None:
        print(f"written to benchmarks/results/{keep('chat_overhead', tables).name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
