"""A purge removes everything step by step, whatever fails on the way, waits for who still writes, and finds what came late."""

from datetime import timedelta

import pytest

from shared.core.errors import UnavailableError
from shared.core.ids import derived_id
from shared.domain.blob import upload_name
from shared.domain.deletion import LAST_LOOK
from shared.domain.document import DocumentStatus, Stage
from shared.domain.plan import Stock
from shared.domain.step import StepKey
from shared.ports.models import VectorIndex
from shared.runtime.wiring import bound
from tests.contracts.records import OFTEN, chunk, embedded, turn
from tests.functional.harness import client_for
from tests.functional.knowledge.deleting import (
    SEARCH,
    SWEEP,
    delete,
    nothing_is_left,
    receipt,
    seeded,
    sweep,
)
from tests.functional.knowledge.world import (
    CREATE,
    DELIVERED,
    FUNCTIONS,
    ON_UPLOAD,
    START,
    STATUS,
    TEXT,
    World,
    payload,
    published,
)
from tests.memory.blobs import StoredBlob
from tests.memory.interposed import Interposed
from tests.memory.ledger import MemoryLedger
from tests.memory.models import MemoryVectorIndex
from tests.memory.turns import MemoryTurns


@pytest.mark.parametrize(
    "moment", ["before search", "before delete", "after delete", "after list", "before replace", "after finish"]
)
async def test_a_purge_that_meets_a_store_away_comes_again_and_ends(world: World, moment: str) -> None:
    document_id = await seeded(world, "document")
    await delete("document", document_id)
    world.hook.errors[moment] = [UnavailableError("The store is away.")]
    [body] = published(world, "purge-document")
    assert [(await DELIVERED["purge-document"].push(body)).status for _ in "ab"] == [503, 204]
    done = await receipt("document", document_id)
    assert (done["status"], done["removed"]["chunks"], done["removed"]["objects"]) == ("done", 1, 4)
    assert nothing_is_left(world, document_id)


async def test_a_large_document_is_removed_in_several_deliveries(world: World) -> None:
    document = await world.learn("a.txt", TEXT)
    many = [embedded(chunk(document.id, ordinal, owner_id="alice")) for ordinal in range(1200)]
    world.store.chunks.update({entry.chunk.id: entry for entry in many})
    await delete("document", document.id)
    assert len(await world.deliver()) == 3
    assert nothing_is_left(world, document.id)
    assert (await receipt("document", document.id))["removed"]["chunks"] == 1200


async def test_a_deleted_document_is_missing_for_every_function(world: World) -> None:
    document_id = await seeded(world, "document")
    query = {"bot_id": "bot", "query": "Blue whales eat krill"}
    assert (await SEARCH.call(query, token="alice")).result["items"]
    await delete("document", document_id)
    assert (await SEARCH.call(query, token="alice")).result["items"] == []
    for name, asked in (
        ("get_document", {"document_id": document_id}),
        ("list_chunks", {"document_id": document_id}),
        ("reprocess_document", {"document_id": document_id}),
        ("get_upload_status", {"job_id": document_id}),
    ):
        assert (await client_for(name).call(asked, token="alice")).status == 404
    assert (await client_for("list_documents").call({"bot_id": "bot"}, token="alice")).result["items"] == []


async def test_a_stage_that_holds_a_step_is_waited_for(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    await FUNCTIONS["extract-document"].push(published(world, "extract-document")[0])
    world.queue.topics.clear()
    key = StepKey(document_id=document_id, generation=1, stage=Stage.CHUNK, shard=0)
    await MemoryLedger(world.store).claim(key, "busy", world.now, world.now + timedelta(minutes=3))
    await delete("document", document_id)
    await world.deliver()
    assert (await receipt("document", document_id))["status"] == "running"
    assert await sweep(world, timedelta(seconds=179)) == []
    await sweep(world, timedelta(seconds=1))
    assert (await receipt("document", document_id))["status"] == "done"
    assert nothing_is_left(world, document_id)


UPLOADED = [stage for stage in FUNCTIONS if stage != "fetch-url"]


@pytest.mark.parametrize("stage", UPLOADED)
async def test_a_stages_message_that_comes_after_the_deletion_does_nothing(world: World, stage: str) -> None:
    document_id = await world.upload("a.txt", TEXT)
    messages = {}
    for topic in UPLOADED:
        [messages[topic]] = published(world, topic)
        await FUNCTIONS[topic].push(messages[topic])
    await delete("document", document_id)
    assert (await FUNCTIONS[stage].push(messages[stage])).status == 204
    await world.deliver()
    assert (await FUNCTIONS[stage].push(messages[stage])).status == 204
    assert nothing_is_left(world, document_id)


async def test_what_came_late_is_removed_by_the_last_look(world: World) -> None:
    document_id = await seeded(world, "document")
    kept = dict(world.store.chunks), dict(world.blobs.objects)
    await delete("document", document_id)
    await world.deliver()
    done = await receipt("document", document_id)
    world.store.chunks.update(kept[0])
    world.blobs.objects.update(kept[1])
    assert await sweep(world, LAST_LOOK - timedelta(seconds=1)) == []
    await sweep(world, timedelta(seconds=1))
    assert nothing_is_left(world, document_id)
    assert await receipt("document", document_id) == done
    assert await sweep(world, timedelta(days=1)) == []


async def test_a_file_that_arrives_after_its_document_was_deleted_is_removed(world: World) -> None:
    document_id = await world.create("a.txt", "text/plain", len(TEXT))
    await delete("document", document_id)
    stat = world.blobs.finish_upload(upload_name(document_id), TEXT)
    assert (await ON_UPLOAD.notify(stat.name, stat.size_bytes, stat.md5)).status == 204
    assert world.blobs.objects == {}
    await world.deliver()
    world.blobs.objects[upload_name(document_id)] = StoredBlob(TEXT, "text/plain")  # Its notice is lost.
    await sweep(world, timedelta(days=7))
    assert nothing_is_left(world, document_id)


async def test_something_that_is_still_found_keeps_the_deletion_running(world: World) -> None:
    document_id = await seeded(world, "document")
    [(chunk_id, entry)] = world.store.chunks.items()
    await delete("document", document_id)
    [body] = published(world, "purge-document")

    async def put_back(moment: str) -> None:
        if moment == "before search":
            world.store.chunks[chunk_id] = entry

    with bound({VectorIndex: Interposed(MemoryVectorIndex(world.store), put_back)}):
        assert (await DELIVERED["purge-document"].push(body)).status == 503
    assert (await receipt("document", document_id))["status"] == "running"
    assert (await DELIVERED["purge-document"].push(body)).status == 204
    assert nothing_is_left(world, document_id)


async def test_a_key_of_a_deleted_upload_opens_a_new_one_only_once_it_is_gone(world: World) -> None:
    asked = payload("create_upload", idempotency_key="k")
    document_id = (await CREATE.call(asked, token="alice")).result["document_id"]
    assert document_id == derived_id("document", "alice", "k")
    world.store.receipts.clear()
    await delete("document", document_id)
    assert (await CREATE.call(asked, token="alice")).error["status"] == "ALREADY_EXISTS"
    await world.deliver()
    assert (await CREATE.call(asked, token="alice")).result["document_id"] == document_id
    assert (await STATUS.call({"job_id": document_id}, token="alice")).result["status"] == "awaiting_upload"
    assert (await delete("document", document_id)).json["status"] == "running"
    assert set(await world.deliver()) == {204}
    assert nothing_is_left(world, document_id)


async def test_a_last_look_leaves_a_document_that_was_made_again_under_the_id(world: World) -> None:
    asked = payload("create_upload", idempotency_key="k", size_bytes=len(TEXT))
    document_id = (await CREATE.call(asked, token="alice")).result["document_id"]
    await delete("document", document_id)
    await world.deliver()
    world.store.receipts.clear()
    await CREATE.call(asked, token="alice")
    stat = world.blobs.finish_upload(upload_name(document_id), TEXT)
    await ON_UPLOAD.notify(stat.name, stat.size_bytes, stat.md5)
    await world.deliver()
    assert await sweep(world, timedelta(days=8)) == [204]
    assert (world.document(document_id).status, len(world.store.chunks)) == (DocumentStatus.READY, 1)
    assert await sweep(world, timedelta(days=8)) == []


async def test_a_bot_takes_its_documents_along(world: World) -> None:
    await seeded(world, "bot")
    ready = await world.learn("a.txt", TEXT)
    learning, awaiting = await world.upload("b.txt", TEXT), await world.create("c.txt", "text/plain", 5)
    assert (await delete("bot", "bot")).status == 200
    assert (await client_for("list_documents").call({"bot_id": "bot"}, token="alice")).status == 404
    await world.deliver()
    done = await receipt("bot", "bot")
    assert (done["status"], done["removed"]["documents"], done["removed"]["versions"]) == ("done", 3, 1)
    assert all(nothing_is_left(world, document_id) for document_id in (ready.id, learning, awaiting))
    assert (world.store.bots, world.store.bot_versions, world.store.stock["alice"]) == ({}, {}, Stock())


async def test_a_bot_whose_document_was_going_already_is_driven_by_the_sweep(world: World) -> None:
    await seeded(world, "bot")
    ready = await world.learn("a.txt", TEXT)
    await delete("document", ready.id)
    assert world.queue.drain("purge-document")
    await delete("bot", "bot")
    await world.deliver()
    assert (await receipt("bot", "bot"))["status"] == "running"
    await sweep(world, timedelta(minutes=1))
    await sweep(world, timedelta(minutes=2))
    assert (await receipt("bot", "bot"))["status"] == "done"


async def test_a_document_that_was_announced_while_its_bot_went_is_found_by_the_last_look(world: World) -> None:
    bot = world.store.bots["bot"]
    await seeded(world, "bot")
    await delete("bot", "bot")
    await world.deliver()
    world.store.bots["bot"] = bot  # As a call saw it that had read the bot before.
    document_id = await world.create("late.txt", "text/plain", 5)
    del world.store.bots["bot"]
    await sweep(world, LAST_LOOK)
    assert nothing_is_left(world, document_id)
    await sweep(world, timedelta(minutes=5))
    assert await sweep(world, timedelta(days=8)) != []
    assert await sweep(world, timedelta(days=8)) == []


async def test_a_running_turn_is_waited_for_and_an_abandoned_one_gives_its_reservation_back(world: World) -> None:
    await seeded(world, "conversation")
    turns = MemoryTurns(world.store, lambda: world.now)
    before = dict(world.store.flow)
    running = turn("thread", "alice", id="thread-2", lease_until=START + timedelta(minutes=2), reserved_tokens=700)
    await turns.reserve(running, OFTEN)
    await delete("conversation", "thread")
    await world.deliver()
    assert (await receipt("conversation", "thread"))["status"] == "running"
    await sweep(world, timedelta(minutes=3))
    done = await receipt("conversation", "thread")
    assert (done["status"], done["removed"]["turns"], world.store.turns) == ("done", 2, {})
    tokens = [key for key in world.store.flow if "tokens" in str(key)]
    assert [world.store.flow[key] for key in tokens] == [before[key] for key in tokens]


async def test_a_deleted_conversation_leaves_nothing_that_was_said(world: World) -> None:
    await seeded(world, "conversation")
    await delete("conversation", "thread")
    tombstone = world.store.conversations["thread"]
    assert (tombstone.title, tombstone.tail, tombstone.deleted_at) == ("", (), START)
    assert (await client_for("get_conversation").call({"chat_id": "thread"}, token="alice")).status == 404
    assert (await client_for("list_conversations").call({}, token="alice")).result["items"] == []


async def test_a_deletion_that_does_not_end_is_told_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    document_id = await seeded(world, "document")
    await delete("document", document_id)
    for _ in range(14):
        world.queue.topics.clear()
        world.now += timedelta(hours=1)
        await SWEEP.schedule()
    assert any("does not end" in record.getMessage() for record in caplog.records)
    assert world.document(document_id).status is DocumentStatus.DELETING
    await world.deliver()
    assert nothing_is_left(world, document_id)
