"""An administrator sees dead letters, and has them tried again after their documents were taken up."""

from typing import Any

import pytest

from shared.core.errors import UnavailableError
from shared.domain.document import DocumentStatus, Failure, FailureCode
from tests.functional.harness import client_for
from tests.functional.knowledge.test_healing import DEAD, finished, stopped
from tests.functional.knowledge.test_progress import LONG
from tests.functional.knowledge.world import TEXT, World

LIST = client_for("list_dead_letters")
REPLAY = client_for("replay_dead_letter")


async def replay(letter_id: str = "17") -> Any:
    return await REPLAY.rest("POST", f"/api/v1/admin/dead-letters/{letter_id}/replay", {}, token="root")


async def refused(letter_id: str) -> str:
    reply = await replay(letter_id)
    assert (reply.status, reply.json["code"]) == (400, "FAILED_PRECONDITION"), reply.content
    return str(reply.json["detail"])


async def test_a_letter_shows_why_and_what_became_of_its_document(world: World) -> None:
    document = await stopped(world, "chunk-document")
    shown = (await LIST.rest("GET", "/api/v1/admin/dead-letters?topic=chunk-document", token="root")).json
    [letter] = shown["items"]
    assert (letter["id"], letter["topic"], letter["document_id"]) == ("17", "chunk-document", document.id)
    assert (letter["document_status"], letter["document_failure"]["code"]) == ("failed", "internal")
    assert (await LIST.call({"topic": "embed-chunks"}, token="root")).result["items"] == []


async def test_a_letter_tells_the_last_error_of_its_step(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    for name in ("before stat", "before download", "before read"):
        world.hook.errors[name] = [UnavailableError("The bucket is away.")]
    [message] = world.queue.drain("extract-document")
    await client_for("extract_document").push(message.body)
    world.hook.errors.clear()
    await DEAD.push(message.body, attributes={"CloudPubSubDeadLetterSourceSubscription": "extract-document"}, message_id="1")
    [letter] = (await LIST.call({}, token="root")).result["items"]
    assert (letter["document_id"], letter["error"]) == (document_id, "UNAVAILABLE")


async def test_a_replayed_letter_heals_its_document_without_doing_finished_steps_again(world: World) -> None:
    document = await stopped(world, "embed-chunks")
    before = finished(world)
    replies = [(await replay()).json for _ in range(2)]
    assert replies[0]["replayed_at"] == replies[1]["replayed_at"] is not None
    assert set(await world.deliver()) == {204}
    healed = world.document(document.id)
    assert (healed.status, healed.live_generation, healed.revivals) == (DocumentStatus.READY, 1, 1)
    assert {key: finished(world)[key] for key in before} == before


async def test_a_replay_that_dies_before_it_is_noted_can_be_repeated(world: World) -> None:
    document = await stopped(world, "chunk-document")
    world.hook.errors["after publish"] = [UnavailableError("The queue is away.")]
    assert (await replay()).status == 503
    assert (await replay()).status == 200
    await world.deliver()
    assert (world.document(document.id).status, world.document(document.id).revivals) == (DocumentStatus.READY, 1)


@pytest.mark.parametrize("change", ["gone", "deleting", "another generation", "stays failed", "ready"])
async def test_a_letter_that_makes_no_sense_any_more_is_refused(world: World, change: str) -> None:
    document = await stopped(world, "chunk-document")
    stays = Failure(code=FailureCode.NEEDS_OCR, message="It is a scan.")
    changes: dict[str, dict[str, Any]] = {
        "deleting": {"status": DocumentStatus.DELETING},
        "another generation": {"generation": 2},
        "stays failed": {"failure": stays},
        "ready": {"status": DocumentStatus.READY, "failure": None},
    }
    if change == "gone":
        del world.store.documents[document.id]
    else:
        world.store.documents[document.id] = world.store.stamp(document.model_copy(update=changes[change]))
    assert "Nothing would come of replaying" in await refused("17")
    assert (world.store.dead_letters["17"].replayed_at, dict(world.queue.topics)) == (None, {})


async def test_a_document_whose_file_was_uploaded_again_meanwhile_is_not_taken_up(world: World) -> None:
    failed = await stopped(world, "chunk-document")
    again = await world.learn("again.txt", LONG)
    assert again.status is DocumentStatus.READY
    assert again.id in await refused("17")
    assert (world.document(failed.id).status, world.store.dead_letters["17"].replayed_at) == (DocumentStatus.FAILED, None)


async def test_a_letter_that_names_no_document_cannot_be_replayed_and_an_absent_one_is_missing(world: World) -> None:
    await DEAD.push("not JSON", message_id="19")
    assert "names no document" in await refused("19")
    assert (await replay("absent")).status == 404
    assert len(world.store.dead_letters) == 1
