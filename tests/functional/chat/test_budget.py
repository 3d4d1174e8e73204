"""What a chat turn costs on the real store, and that its limits hold there when many come at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from shared.adapters.firestore_store import FirestoreBots, FirestoreDocuments
from shared.adapters.firestore_turns import FirestoreTurns
from shared.adapters.firestore_vectors import FirestoreVectorIndex
from shared.core.clock import Clock
from shared.domain.plan import FREE
from shared.ports.models import VectorIndex
from shared.ports.store import Bots, Documents, Turns
from shared.runtime.wiring import bound
from tests.functional.harness import client_for
from tests.functional.people import World
from tests.memory.counting import CountingClient, Operations

CHAT = client_for("chat")
NOON = datetime(2026, 11, 22, 12, 0, 20, tzinfo=UTC)
LIVENESS = 1
"""A search reads the heads of the documents that it met, here one: it belongs to the search."""


@pytest.fixture
async def counting(fresh_project: str, world: World) -> AsyncIterator[CountingClient]:
    """A Firestore that holds the world's bots and documents."""
    client = CountingClient(project=fresh_project)
    documents, index = FirestoreDocuments(client), FirestoreVectorIndex(client)
    for bot in world.store.bots.values():
        await FirestoreBots(client).create(bot, FREE.stock)
    for stored in world.store.documents.values():
        await documents.create(stored.value, FREE.stock)
    await index.put(list(world.store.chunks.values()))
    client.operations = Operations()
    ports = {Turns: FirestoreTurns(client), Bots: FirestoreBots(client), Documents: documents, VectorIndex: index}
    with bound({**ports, Clock: lambda: NOON}):
        yield client
    await client._firestore_api.transport.close()


def taken(client: CountingClient) -> Operations:
    """What was counted since the last time."""
    operations, client.operations = client.operations, Operations()
    return operations


async def test_a_turn_takes_three_reads_beside_the_search_and_five_writes(counting: CountingClient) -> None:
    result = (await CHAT.call({"bot_id": "bot", "message": "what do blue whales eat"}, token="alice")).result
    first = taken(counting)
    follow = {"conversation_id": result["conversation_id"], "message": "And how much do they eat?"}
    again = (await CHAT.call(follow, token="alice")).result
    second = taken(counting)

    assert (result["found"], again["found"]) == (True, True)
    assert (first.reads - LIVENESS, first.writes, first.searches) == (2, 5, 1)
    assert (second.reads - LIVENESS, second.writes, second.searches) == (3, 5, 1)


async def test_a_persona_alone_takes_no_search(counting: CountingClient) -> None:
    assert (await CHAT.call({"persona_id": "tutor", "message": "Explain tides."}, token="bob")).status == 200
    assert taken(counting) == Operations(reads=1, writes=5)


async def test_a_turn_that_fails_takes_no_more(counting: CountingClient, world: World) -> None:
    world.model.script = []
    assert (await CHAT.call({"bot_id": "bot", "message": "what do blue whales eat"}, token="alice")).status == 503
    assert taken(counting).writes == 5


async def test_fifty_at_once_never_pass_the_minutes_limit(counting: CountingClient) -> None:
    asked = {"bot_id": "talker", "message": "hello"}
    replies = await asyncio.gather(*(CHAT.call(asked, token="alice") for _ in range(50)))
    statuses = Counter(reply.status for reply in replies)
    usage = (await counting.document("usage", "alice-202611").get()).to_dict()
    turns = [turn async for turn in counting.collection_group("turns").stream()]

    assert set(statuses) == {200, 429}
    assert statuses[200] <= FREE.flow.turns_per_minute
    assert usage is not None
    assert usage["turns"] == len(turns) == statuses[200]
    assert max(usage["minutes"].values()) == statuses[200]
    assert usage["tokens"] == sum(call["usage"][kind] for turn in turns for call in turn.get("calls") for kind in call["usage"])
