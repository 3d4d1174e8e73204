"""A document is learned anew in a generation of its own; the old one answers until then, and nothing of it stays."""

from datetime import timedelta

import pytest

from shared.core.errors import ConflictError, UnavailableError
from shared.domain.document import DocumentStatus
from tests.functional.harness import client_for
from tests.functional.knowledge.world import DELIVERED, FUNCTIONS, START, TEXT, World, payload, published

REPROCESS = client_for("reprocess_document")
CHUNKS = client_for("list_chunks")
DELETE = client_for("delete_document")
LONG = "\n\n".join(f"Fact {number} about whales is that number {number} is true." for number in range(300)).encode()


async def refused(document_id: str) -> str:
    error = (await REPROCESS.call({"document_id": document_id}, token="alice")).error
    assert error["status"] == "FAILED_PRECONDITION"
    return str(error["message"])


async def test_a_document_is_learned_anew_without_a_new_embedding_and_the_old_generation_goes(world: World) -> None:
    document = await world.learn("long.txt", LONG)
    paid = len(world.embedder.embedded)
    reply = await REPROCESS.rest("POST", f"/api/v1/documents/{document.id}/reprocess", token="alice")
    shown = reply.json
    assert (reply.status, shown["status"], shown["generation"], shown["live_generation"]) == (200, "received", 2, 1)
    assert set(await world.deliver()) == {204}
    learned = world.document(document.id)
    assert (learned.status, learned.live_generation, learned.purged_generation) == (DocumentStatus.READY, 2, 1)
    assert (len(world.embedder.embedded), learned.due_at) == (paid, None)
    assert {entry.chunk.generation for entry in world.store.chunks.values()} == {2}
    assert await world.blobs.list(f"derived/{document.id}/1/") == []
    assert len(world.store.chunks) == learned.chunks == document.chunks


async def test_the_live_generation_answers_until_the_new_one_is_whole(world: World) -> None:
    document = await world.learn("a.txt", TEXT)
    await REPROCESS.call({"document_id": document.id}, token="alice")
    for topic in list(FUNCTIONS)[:-1]:
        for body in published(world, topic):
            await FUNCTIONS[topic].push(body)
    page = (await CHUNKS.call({"document_id": document.id}, token="alice")).result
    assert [item["id"] for item in page["items"]] == [f"{document.id}-1-000000"]
    await world.deliver()
    page = (await CHUNKS.call({"document_id": document.id}, token="alice")).result
    assert [item["id"] for item in page["items"]] == [f"{document.id}-2-000000"]


async def test_a_failed_document_can_be_tried_again(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    await FUNCTIONS["extract-document"].push(published(world, "extract-document")[0])
    for name in await world.blobs.list("derived/"):
        await world.blobs.delete(name)
    await world.deliver()
    assert world.document(document_id).status is DocumentStatus.FAILED
    assert (await REPROCESS.call({"document_id": document_id}, token="alice")).result["failure"] is None
    await world.deliver()
    assert (world.document(document_id).status, world.document(document_id).live_generation) == (DocumentStatus.READY, 2)


async def test_what_is_being_learned_is_not_begun_anew(world: World) -> None:
    awaiting = await world.create("a.txt", "text/plain", 5)
    learning = await world.upload("a.txt", TEXT)
    assert await refused(awaiting) == await refused(learning)
    assert "still being learned" in await refused(learning)


async def test_what_was_never_kept_must_be_uploaded_again(world: World) -> None:
    lost = await world.learn("a.txt", TEXT)
    expired = await world.create("b.txt", "text/plain", 5)
    for _ in range(2):
        await world.sweep(timedelta(days=8))
    await world.blobs.delete(lost.blob)
    assert await refused(lost.id) == await refused(expired)
    assert "upload it again" in await refused(lost.id)
    assert world.document(lost.id).status is DocumentStatus.READY


@pytest.mark.parametrize("which", ["deleted", "foreign", "absent"])
async def test_a_document_that_the_caller_does_not_have_is_missing(world: World, which: str) -> None:
    document = await world.learn("a.txt", TEXT)
    if which == "deleted":
        await DELETE.call({"document_id": document.id}, token="alice")
    asked, token = ("absent" if which == "absent" else document.id), ("bob" if which == "foreign" else "alice")
    error = (await REPROCESS.call({"document_id": asked}, token=token)).error
    assert (error["status"], error["message"]) == ("NOT_FOUND", "There is no such document.")


async def test_of_two_calls_at_once_the_later_is_told_to_read_again(world: World) -> None:
    document = await world.learn("a.txt", TEXT)
    world.hook.errors["before replace"] = [ConflictError("The document has changed since it was read.")]
    assert (await REPROCESS.call({"document_id": document.id}, token="alice")).error["status"] == "ABORTED"


async def test_a_queue_that_is_away_leaves_the_start_to_the_sweep(world: World) -> None:
    document = await world.learn("a.txt", TEXT)
    world.hook.errors["before publish"] = [UnavailableError("The queue is away.")]
    assert (await REPROCESS.call({"document_id": document.id}, token="alice")).error["status"] == "UNAVAILABLE"
    await world.sweep(timedelta(minutes=15))
    await world.deliver()
    assert world.document(document.id).live_generation == 2


async def test_the_same_key_begins_one_generation(world: World) -> None:
    document = await world.learn("a.txt", TEXT)
    for _ in range(2):
        await REPROCESS.call({"document_id": document.id, "idempotency_key": "k"}, token="alice")
    assert world.document(document.id).generation == 2


async def test_a_lost_or_dead_purge_of_old_generations_is_asked_for_by_the_sweep(world: World) -> None:
    document = await world.learn("a.txt", TEXT)
    await REPROCESS.call({"document_id": document.id}, token="alice")
    while topic := next((topic for topic in FUNCTIONS if world.queue.topics.get(topic)), None):
        for body in published(world, topic):
            await FUNCTIONS[topic].push(body)
    [lost] = published(world, "purge-generations")
    attributes = {"CloudPubSubDeadLetterSourceSubscription": "purge-generations"}
    assert (await client_for("record_dead_letter").push(lost, attributes=attributes)).status == 204
    assert world.document(document.id).status is DocumentStatus.READY
    await world.sweep(timedelta(minutes=16))
    await world.deliver()
    assert {entry.chunk.generation for entry in world.store.chunks.values()} == {2}
    assert (world.document(document.id).due_at, world.document(document.id).purged_generation) == (None, 1)


async def test_a_purge_that_meets_a_store_away_comes_again_and_does_the_rest(world: World) -> None:
    document = await world.learn("a.txt", TEXT)
    await REPROCESS.call({"document_id": document.id}, token="alice")
    world.hook.errors["after delete"] = [UnavailableError("The store is away.")]
    assert 503 in await world.deliver()
    await world.sweep(timedelta(minutes=16))
    assert set(await world.deliver()) == {204}
    assert world.document(document.id).purged_generation == 1


@pytest.mark.parametrize("change", [{}, {"generation": 0}, {"document_id": None}])
async def test_a_purge_for_no_document_is_acknowledged(world: World, change: dict[str, object]) -> None:
    assert (await DELIVERED["purge-generations"].push(payload("stage_message", **change))).status == 204
    assert world.now == START
