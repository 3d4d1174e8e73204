"""What a release cannot read of the system's lists does not keep it from the rest: the next release may have written it."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from google.cloud.firestore import AsyncClient

from shared.domain import deletion as rules
from tests.contracts.conftest import Stores, in_firestore
from tests.contracts.records import NOW, OFTEN, PLENTY, after, document, reservation, turn


@pytest.fixture
async def client(fresh_project: str) -> AsyncIterator[AsyncClient]:
    client = AsyncClient(project=fresh_project)
    yield client
    await client._firestore_api.transport.close()


async def _due(stores: Stores, collection: str) -> list[str]:
    if collection == "documents":
        return [found.id for found in await stores.documents.due(after(3600), 10)]
    read = stores.deletions.due if collection == "deletions" else stores.turns.abandoned
    return [found.value.id for found in await read(after(3600), 10)]


@pytest.mark.parametrize("collection", ["documents", "deletions", "turns"])
async def test_one_that_cannot_be_read_is_left_out_and_told(
    client: AsyncClient, collection: str, caplog: pytest.LogCaptureFixture
) -> None:
    stores = in_firestore(client)
    for made in (document(id="d1", due_at=NOW), document(id="d2", due_at=NOW)):
        await stores.documents.create(made, PLENTY)
    if collection == "deletions":
        for target_id in ("d1", "d2"):
            read = await stores.deletions.target(rules.DeletionKind.DOCUMENT, target_id, "owner")
            assert read
            await stores.deletions.begin(read, rules.marked(read.value, NOW), rules.requested(read.value, "call", NOW))
    for number in "12":
        await stores.turns.reserve(turn("thread", id=f"thread-{number}", lease_until=NOW), OFTEN)
    all_due = await _due(stores, collection)
    assert len(all_due) == 2
    place = {"turns": "conversations/thread/turns"}.get(collection, collection)
    await client.document(place, all_due[0]).update({"owner_id": ["secret"]})

    with caplog.at_level(logging.ERROR):
        assert await _due(stores, collection) == all_due[1:]

    [told] = [record for record in caplog.records if record.msg == "a stored record cannot be read"]
    assert (all_due[0] in vars(told)["record"], vars(told)["fields"]) == (True, ["owner_id"])
    assert "secret" not in caplog.text


async def test_one_that_cannot_be_read_keeps_no_other_reservation_from_being_given_back(
    client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    stores = in_firestore(client)
    for number, reservation_id in enumerate(("first", "second")):
        await stores.usage.reserve(reservation_id, reservation(tokens=100), OFTEN, timedelta(seconds=number))
    await client.document("reservations", "first").update({"owner_id": ["secret"]})

    with caplog.at_level(logging.ERROR):
        assert await stores.usage.give_back_ended(after(3600), 10) == 1

    assert [held.id async for held in client.collection("reservations").stream()] == ["first"]
    assert [record.msg for record in caplog.records] == ["a stored record cannot be read"]
