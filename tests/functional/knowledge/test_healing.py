"""What failed for a reason that may pass goes on where it stopped: no finished step is done again."""

from datetime import timedelta

import pytest

from shared.domain.document import Document, DocumentStatus
from tests.functional.harness import client_for
from tests.functional.knowledge.test_progress import LONG
from tests.functional.knowledge.world import FUNCTIONS, TEXT, World, published
from tests.memory.web import MemoryPage

DEAD = client_for("record_dead_letter")
REPROCESS = client_for("reprocess_document")
TOPICS = list(FUNCTIONS)[1:]


async def stopped(world: World, topic: str) -> Document:
    """A document whose message of that topic has died; of several shards, every one but the first is done."""
    document_id = await world.upload("long.txt", LONG)
    for earlier in TOPICS[: TOPICS.index(topic)]:
        for body in published(world, earlier):
            assert (await FUNCTIONS[earlier].push(body)).status == 204
    dead, *rest = published(world, topic)
    for body in rest:
        assert (await FUNCTIONS[topic].push(body)).status == 204
    world.queue.topics.clear()
    attributes = {"CloudPubSubDeadLetterSourceSubscription": topic}
    assert (await DEAD.push(dead, attributes=attributes, message_id="17")).status == 204
    assert world.document(document_id).status is DocumentStatus.FAILED
    world.queue.topics.clear()
    return world.document(document_id)


def finished(world: World) -> dict[str, object]:
    """The steps that are done, as they are stored."""
    return {key[1]: one.value for key, one in world.store.steps.items() if one.value.done_at is not None}


@pytest.mark.parametrize("topic", TOPICS)
async def test_it_goes_on_in_its_generation_and_finished_steps_stay_as_they_are(world: World, topic: str) -> None:
    document = await stopped(world, topic)
    before = finished(world)
    shown = (await REPROCESS.call({"document_id": document.id}, token="alice")).result
    assert (shown["generation"], shown["failure"], shown["activity"]) == (1, None, "working")
    assert set(await world.deliver()) == {204}
    healed = world.document(document.id)
    assert (healed.status, healed.live_generation, healed.revivals) == (DocumentStatus.READY, 1, 1)
    assert {key: finished(world)[key] for key in before} == before
    assert healed.cost.embedded_texts == len(world.embedder.embedded) == healed.chunks


async def test_after_three_revivals_it_is_learned_from_the_beginning(world: World) -> None:
    document = await stopped(world, "index-chunks")
    read = world.store.documents[document.id]
    world.store.documents[document.id] = world.store.stamp(read.value.model_copy(update={"revivals": 3}))
    shown = (await REPROCESS.call({"document_id": document.id}, token="alice")).result
    assert (shown["generation"], shown["status"]) == (2, "received")
    await world.deliver()
    assert (world.document(document.id).live_generation, world.document(document.id).revivals) == (2, 0)


async def test_what_is_no_longer_there_is_made_again_and_its_cost_is_kept(world: World) -> None:
    document = await stopped(world, "embed-chunks")
    for name in await world.blobs.list(f"derived/{document.id}/1/chunks"):
        await world.blobs.delete(name)
    assert (await REPROCESS.call({"document_id": document.id}, token="alice")).result["generation"] == 2
    await world.deliver()
    healed = world.document(document.id)
    assert (healed.status, healed.cost.embedded_texts) == (DocumentStatus.READY, len(world.embedder.embedded))


async def test_an_upload_whose_notice_died_is_found_by_the_sweep(world: World) -> None:
    document_id = await world.create("a.txt", "text/plain", len(TEXT))
    world.blobs.finish_upload(f"uploads/{document_id}", TEXT)
    attributes = {"CloudPubSubDeadLetterSourceSubscription": "on-upload"}
    await DEAD.push({"name": f"uploads/{document_id}"}, attributes=attributes, message_id="18")
    shown = (await REPROCESS.call({"document_id": document_id}, token="alice")).result
    assert (shown["generation"], shown["activity"]) == (1, "waiting_for_upload")
    await world.sweep()
    await world.deliver()
    assert world.document(document_id).status is DocumentStatus.READY


@pytest.mark.parametrize("again", ["reprocess_document", "submit_url", "refresh_documents"])
async def test_what_a_failed_page_has_cost_is_kept_as_it_is_fetched_anew(world: World, again: str) -> None:
    submitted = {"bot_id": "bot", "url": "https://example.com/long", "refresh": "daily"}
    world.web.pages[submitted["url"]] = MemoryPage(LONG, "text/plain")
    shown = (await client_for("submit_url").call(submitted, token="alice")).result
    for topic in ("fetch-url", "extract-document", "chunk-document"):
        for body in published(world, topic):
            assert (await FUNCTIONS[topic].push(body)).status == 204
    dead, *rest = published(world, "embed-chunks")
    for body in rest:
        await FUNCTIONS["embed-chunks"].push(body)
    world.queue.topics.clear()
    await DEAD.push(dead, attributes={"CloudPubSubDeadLetterSourceSubscription": "embed-chunks"}, message_id="17")
    read = world.store.documents[shown["id"]]
    world.store.documents[shown["id"]] = world.store.stamp(read.value.model_copy(update={"revivals": 3}))
    if again == "refresh_documents":
        world.now += timedelta(days=1)
        await client_for(again).schedule()
    else:
        asked = submitted if again == "submit_url" else {"document_id": shown["id"]}
        await client_for(again).call(asked, token="alice")
    await world.deliver()
    healed = world.document(shown["id"])
    assert (healed.status, healed.live_generation) == (DocumentStatus.READY, 2)
    assert healed.cost.embedded_texts == len(world.embedder.embedded)


async def test_a_batch_whose_indexing_is_asked_for_before_it_is_embedded_does_no_harm(world: World) -> None:
    document_id = await world.upload("long.txt", LONG)
    for topic in ("extract-document", "chunk-document"):
        for body in published(world, topic):
            await FUNCTIONS[topic].push(body)
    early = {"document_id": document_id, "generation": 1, "shard": 1}
    assert (await FUNCTIONS["index-chunks"].push(early)).status == 503
    assert set(await world.deliver()) == {204}
    assert world.document(document_id).status is DocumentStatus.READY
