"""A message that no delivery could finish is kept once, and its document ends."""

import json

import pytest

from shared.domain.document import DocumentStatus, FailureCode
from tests.functional.harness import client_for
from tests.functional.knowledge.world import FUNCTIONS, TEXT, World, payload, published, raw_payload

DEAD = client_for("record_dead_letter")


@pytest.fixture
async def document_id(world: World) -> str:
    """A document whose chunking is asked for."""
    made = await world.upload("a.txt", TEXT)
    await FUNCTIONS["extract-document"].push(published(world, "extract-document")[0])
    return made


async def die(body: object, topic: str = "chunk-document", message_id: str = "17002") -> int:
    attributes = {"CloudPubSubDeadLetterSourceSubscription": topic, "CloudPubSubDeadLetterSourceDeliveryCount": "10"}
    return (await DEAD.push(body, attributes=attributes, message_id=message_id)).status


async def test_the_recorded_letter_is_kept_as_it_came(world: World) -> None:
    headers = {"content-type": "application/json"}
    replies = [await DEAD.request("POST", "/", headers, raw_payload("dead_letter")) for _ in "ab"]
    assert [reply.status for reply in replies] == [204, 204]
    [letter] = world.store.dead_letters.values()
    assert (letter.id, letter.topic, letter.document_id, letter.delivery_attempts) == ("17001", "chunk-document", "d1", 10)
    assert json.loads(letter.body) == payload("stage_message")
    assert letter.attributes["correlation_id"] == "c0ffee"


async def test_a_dead_step_ends_its_document_so_that_it_can_be_tried_again(world: World, document_id: str) -> None:
    assert await die({"document_id": document_id, "generation": 1, "shard": 0}) == 204
    document = world.document(document_id)
    assert document.failure is not None
    assert (document.status, document.failure.code, document.failure.can_retry) == (
        DocumentStatus.FAILED,
        FailureCode.INTERNAL,
        True,
    )
    await world.deliver()
    assert world.document(document_id).due_at is None


async def test_a_dead_notice_ends_its_document(world: World) -> None:
    document_id = await world.create("a.txt", "text/plain", 5)
    assert await die(payload("dead_notice", name=f"uploads/{document_id}"), topic="on-upload") == 204
    assert world.document(document_id).status is DocumentStatus.FAILED


async def test_a_dead_notice_of_an_upload_that_the_sweep_found_leaves_its_document_alone(world: World, document_id: str) -> None:
    assert await die(payload("dead_notice", name=f"uploads/{document_id}"), topic="on-upload") == 204
    assert world.document(document_id).status is DocumentStatus.CHUNKING


async def test_a_step_that_was_done_after_all_leaves_its_document_alone(world: World, document_id: str) -> None:
    assert await die({"document_id": document_id, "generation": 1, "shard": 0}, topic="extract-document") == 204
    assert world.document(document_id).status is DocumentStatus.CHUNKING
    assert len(world.store.dead_letters) == 1


async def test_a_letter_of_a_shard_that_the_document_does_not_have_leaves_it_alone(world: World, document_id: str) -> None:
    assert await die({"document_id": document_id, "generation": 1, "shard": 7}) == 204
    assert world.document(document_id).status is DocumentStatus.CHUNKING
    assert len(world.store.dead_letters) == 1


async def test_a_letter_of_an_older_generation_leaves_the_document_alone(world: World, document_id: str) -> None:
    read = world.store.documents[document_id]
    world.store.documents[document_id] = world.store.stamp(read.value.model_copy(update={"generation": 2}))
    assert await die({"document_id": document_id, "generation": 1, "shard": 0}) == 204
    assert world.document(document_id).status is DocumentStatus.CHUNKING


@pytest.mark.parametrize(
    "body", ["not JSON", {"document_id": "a/b"}, {"generation": 0, "document_id": "d1"}, {}, [1], {"name": "x"}]
)
async def test_a_letter_that_names_no_document_is_kept(world: World, body: object) -> None:
    assert await die(body) == 204
    [letter] = world.store.dead_letters.values()
    assert letter.document_id is None
