"""What is deleted reads as missing at once, and its deletion ends with a receipt however its messages fare."""

from datetime import timedelta

import pytest

from shared.core.errors import UnavailableError
from shared.domain.deletion import RECEIPT_LIFE
from shared.domain.plan import Stock
from tests.functional.knowledge.deleting import (
    DEAD,
    DELETE,
    FIELD,
    RECEIPT,
    delete,
    receipt,
    seeded,
    sweep,
)
from tests.functional.knowledge.world import (
    DELIVERED,
    World,
    payload,
    published,
)


@pytest.mark.parametrize("kind", DELETE)
async def test_a_deletion_begins_at_once_and_ends_with_a_receipt(world: World, kind: str) -> None:
    target_id = await seeded(world, kind)
    reply = await delete(kind, target_id)
    assert reply.status == 200
    begun = reply.json
    names = ("id", "kind", "target_id", "status")
    assert [begun[name] for name in names] == [f"{kind}-{target_id}", kind, target_id, "running"]
    assert set(await world.deliver()) == {204}
    done = await receipt(kind, target_id)
    assert (done["status"], done["requested_at"], done["done_at"]) == ("done", begun["requested_at"], begun["requested_at"])
    found = {"document": {"documents": 1, "chunks": 1, "objects": 4}, "bot": {"versions": 1}, "conversation": {"turns": 1}}
    assert {name: count for name, count in done["removed"].items() if count} == found[kind]
    assert world.store.stock["alice"] == Stock()


@pytest.mark.parametrize("kind", DELETE)
async def test_a_repeated_call_answers_the_same_deletion_before_and_after_its_end(world: World, kind: str) -> None:
    target_id = await seeded(world, kind)
    first = (await DELETE[kind].call({FIELD[kind]: target_id}, token="alice")).result
    assert (await DELETE[kind].call({FIELD[kind]: target_id}, token="alice")).result == first
    await world.deliver()
    again = (await DELETE[kind].call({FIELD[kind]: target_id}, token="alice")).result
    assert again == await receipt(kind, target_id)
    assert again["status"] == "done"
    world.now += RECEIPT_LIFE
    assert (await DELETE[kind].call({FIELD[kind]: target_id}, token="alice")).status == 404


@pytest.mark.parametrize("kind", DELETE)
@pytest.mark.parametrize("whose", ["foreign", "absent"])
async def test_anothers_thing_answers_as_a_missing_one_and_stays(world: World, kind: str, whose: str) -> None:
    target_id = await seeded(world, kind)
    error = (await DELETE[kind].call({FIELD[kind]: target_id if whose == "foreign" else "absent"}, token="bob")).error
    assert (error["status"], error["message"]) == ("NOT_FOUND", f"There is no such {kind}.")
    assert world.store.deletions == {}


async def test_a_foreign_receipt_answers_as_a_missing_one(world: World) -> None:
    document_id = await seeded(world, "document")
    await delete("document", document_id)
    for deletion_id in (f"document-{document_id}", "document-absent"):
        error = (await RECEIPT.rest("GET", f"/api/v1/deletions/{deletion_id}", token="bob")).json
        assert (error["code"], error["detail"]) == ("NOT_FOUND", "There is no such deletion.")


@pytest.mark.parametrize("deletion_id", ["", "a/b", "x" * 129, 5])
async def test_a_deletion_id_that_cannot_be_one_is_named(deletion_id: object) -> None:
    error = (await RECEIPT.call({"deletion_id": deletion_id}, token="alice")).error
    assert (error["status"], "deletion_id" in str(error)) == ("INVALID_ARGUMENT", True)


@pytest.mark.parametrize("kind", DELETE)
@pytest.mark.parametrize("moment", ["before target", "before begin"])
async def test_a_store_that_is_away_marks_nothing(world: World, kind: str, moment: str) -> None:
    target_id = await seeded(world, kind)
    world.hook.errors[moment] = [UnavailableError("The store is away.")]
    assert (await delete(kind, target_id)).status == 503
    assert world.store.deletions == {}
    assert (await delete(kind, target_id)).status == 200


@pytest.mark.parametrize("kind", DELETE)
async def test_a_purge_that_was_never_asked_for_is_driven_by_the_sweep(world: World, kind: str) -> None:
    target_id = await seeded(world, kind)
    world.hook.errors["before publish"] = [UnavailableError("The queue is away.")]
    assert (await delete(kind, target_id)).status == 503
    assert (await delete(kind, target_id)).json["status"] == "running"
    assert await sweep(world, timedelta(seconds=59)) == []
    assert await sweep(world, timedelta(seconds=1)) == [204]
    assert (await receipt(kind, target_id))["status"] == "done"


@pytest.mark.parametrize("kind", DELETE)
async def test_a_purge_whose_message_is_dead_is_finished_by_the_sweep(world: World, kind: str) -> None:
    target_id = await seeded(world, kind)
    await delete(kind, target_id)
    [dead] = published(world, f"purge-{kind}")
    letter = await DEAD.push(dead, attributes={"CloudPubSubDeadLetterSourceSubscription": f"purge-{kind}"}, message_id="1")
    assert (letter.status, world.store.dead_letters["1"].topic) == (204, f"purge-{kind}")
    await sweep(world, timedelta(minutes=1))
    assert (await receipt(kind, target_id))["status"] == "done"


@pytest.mark.parametrize("kind", DELETE)
async def test_a_purge_that_is_delivered_twice_changes_nothing(world: World, kind: str) -> None:
    target_id = await seeded(world, kind)
    await delete(kind, target_id)
    [body] = published(world, f"purge-{kind}")
    assert [(await DELIVERED[f"purge-{kind}"].push(body)).status for _ in "ab"] == [204, 204]
    done = world.store.deletions[f"{kind}-{target_id}"]
    assert (await DELIVERED[f"purge-{kind}"].push(body | {"priority": "high"})).status == 204
    assert world.store.deletions[f"{kind}-{target_id}"] == done


@pytest.mark.parametrize("kind", DELETE)
@pytest.mark.parametrize("body", [{}, {"deletion_id": ""}, {"deletion_id": 5}, {"deletion_id": "document-d1"}])
async def test_a_message_for_no_deletion_is_acknowledged(kind: str, body: dict[str, object]) -> None:
    assert (await DELIVERED[f"purge-{kind}"].push(payload("purge_message") | body)).status == 204
