"""What a chat turn costs on the real store, and that its limits hold there when many come at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from shared.adapters.firestore_accounts import FirestoreAccounts
from shared.adapters.firestore_bots import FirestoreBots
from shared.adapters.firestore_prompts import FirestorePersonas
from shared.adapters.firestore_store import FirestoreDocuments
from shared.adapters.firestore_turns import FirestoreTurns
from shared.adapters.firestore_vectors import FirestoreVectorIndex
from shared.core.clock import Clock
from shared.domain.bot import Visibility
from shared.domain.plan import FREE
from shared.ports.identity import Accounts
from shared.ports.models import VectorIndex
from shared.ports.prompts import Personas
from shared.ports.store import Bots, Documents, Turns
from shared.runtime.wiring import bound
from tests.contracts.records import own_persona
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
    with bound({**ports, Accounts: FirestoreAccounts(client), Clock: lambda: NOON}):
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


async def test_a_visitor_takes_a_read_and_a_write_more(counting: CountingClient, world: World) -> None:
    bots = FirestoreBots(counting)
    read = await bots.load("talker", "alice")
    assert read is not None
    await bots.change(read, read.value.shared_as(Visibility.LINK, "secret", NOON))
    taken(counting)

    assert (await CHAT.call({"link": "talker.secret", "message": "hello"}, token="bob")).status == 200

    # The owner's plan, and the visitor's own minute.
    assert taken(counting) == Operations(reads=3, writes=6)


async def test_a_turn_under_a_key_takes_a_write_more_and_its_repetition_only_reads_it(counting: CountingClient) -> None:
    keyed = {"bot_id": "talker", "message": "hello", "idempotency_key": "once"}
    first = await CHAT.call(keyed, token="alice")
    # The key's receipt: what other creating calls pay two writes and a read for.
    assert taken(counting) == Operations(reads=2, writes=6)

    assert (await CHAT.call(keyed, token="alice")).result == first.result
    assert taken(counting).reads <= 6
    assert (await counting.document("usage", "alice-202611").get()).get("turns") == 1


async def test_an_own_persona_takes_a_read_more(counting: CountingClient) -> None:
    kept = FirestorePersonas(counting)
    await kept.save(own_persona("alice", "mate"), FREE.stock)
    taken(counting)
    with bound({Personas: kept}):
        assert (await CHAT.call({"persona_id": "mate", "message": "hello"}, token="alice")).status == 200
    assert taken(counting) == Operations(reads=2, writes=5)


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
