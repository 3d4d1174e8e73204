"""What the adapters cost in documents read and written."""

from collections.abc import AsyncIterator

import pytest
from google.cloud.firestore import AsyncClient

from shared.adapters.firestore_accounts import FirestoreAccounts
from shared.adapters.firestore_bots import FirestoreBots
from shared.adapters.firestore_log import FirestoreLog
from shared.adapters.firestore_turns import FirestoreTurns
from shared.adapters.firestore_vectors import FirestoreVectorIndex
from shared.core.errors import ResourceExhaustedError
from shared.domain.account import Account
from shared.domain.base import PageRequest
from shared.domain.bot import BotDraft, BotVersion
from tests.contracts.records import NOW, OFTEN, PLENTY, answered, bot, chunk, conversation, embedded, turn, unstored
from tests.memory.counting import CountingClient, Operations


@pytest.fixture
async def counting(fresh_project: str) -> AsyncIterator[CountingClient]:
    client = CountingClient(project=fresh_project)
    yield client
    await client._firestore_api.transport.close()


async def test_a_turn_takes_three_reads_and_five_writes(counting: CountingClient) -> None:
    turns, thread, guide = FirestoreTurns(counting), conversation(), bot()
    made = turn(thread.id)

    await turns.context("owner", thread.id, guide.id)
    held = (await turns.reserve(made, OFTEN)).turn
    await turns.settle(held, answered(made), unstored(thread))

    assert counting.operations == Operations(reads=3, writes=5)


async def test_a_turn_that_another_outran_takes_two_reads_and_its_three_writes_again(counting: CountingClient) -> None:
    turns, thread = FirestoreTurns(counting), conversation()
    first, second = [(await turns.reserve(turn(thread.id), OFTEN)).turn for _ in range(2)]
    await turns.settle(first, answered(first.value), unstored(thread))
    counting.operations = Operations()

    await turns.settle(second, answered(second.value), unstored(thread))

    assert counting.operations == Operations(reads=2, writes=6)


async def test_a_search_counts_apart_from_reads(counting: CountingClient) -> None:
    index = FirestoreVectorIndex(counting)
    await index.put([embedded(chunk("d", number)) for number in range(3)])

    await index.search((1.0, 0.0), "bot", "owner", 2)

    assert counting.operations == Operations(writes=3, searches=1, searched=2)


async def test_a_page_costs_its_items_and_one_more(counting: CountingClient) -> None:
    bots = FirestoreBots(counting)
    for _ in range(3):
        await bots.create(bot(), PLENTY)

    await bots.list("owner", PageRequest(page_size=2))

    assert counting.operations == Operations(reads=3, writes=9)


async def test_a_change_of_a_bot_takes_one_read_and_two_writes(counting: CountingClient) -> None:
    bots, made = FirestoreBots(counting), bot()
    await bots.create(made, PLENTY)
    counting.operations = Operations()

    read = await bots.load(made.id, "owner")
    assert read is not None
    changed = made.configured(BotDraft(name="Pilot"), NOW)
    await bots.save(read, changed, BotVersion.of(changed))

    assert counting.operations == Operations(reads=1, writes=2)


async def test_a_bots_figures_take_three_reads_for_each_thousand_turns(counting: CountingClient) -> None:
    await FirestoreLog(counting).figures("bot", "owner")

    assert counting.operations == Operations(reads=3)


async def test_a_refused_turn_costs_its_undoing_too(counting: CountingClient) -> None:
    turns = FirestoreTurns(counting)

    with pytest.raises(ResourceExhaustedError):
        await turns.reserve(turn("c", reserved_tokens=OFTEN.tokens_per_month + 1), OFTEN)

    assert counting.operations == Operations(writes=4)


async def test_minutes_before_the_last_are_forgotten_with_each_reservation(counting: CountingClient) -> None:
    turns = FirestoreTurns(counting)
    for minute in range(30):
        await turns.reserve(turn("c", reserved_at=NOW.replace(minute=minute)), OFTEN)

    stored = (await counting.document("usage", "owner-202611").get()).to_dict()

    assert stored is not None
    assert (len(stored["minutes"]), stored["turns"], stored["tokens"]) == (2, 30, 3000)


async def test_an_account_is_read_by_its_uid(fresh_project: str) -> None:
    client = AsyncClient(project=fresh_project)
    await client.document("users", "owner").set(Account(id="owner", plan_id="pro").model_dump())

    found = [await FirestoreAccounts(client).get(uid) for uid in ("owner", "nobody", "a/b")]

    await client._firestore_api.transport.close()
    assert found == [Account(id="owner", plan_id="pro"), None, None]
