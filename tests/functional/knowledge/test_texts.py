"""A text that comes with the call is learned as a file is, and what goes wrong on the way heals or leaves nothing."""

from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import UnavailableError
from shared.domain.account import Account
from shared.domain.document import Document, DocumentStatus, FailureCode
from shared.domain.plan import FREE, Stock
from tests.functional.harness import client_for
from tests.functional.knowledge.world import ON_UPLOAD, TEXT, World, payload

ADD = client_for("add_text")
GET = client_for("get_document")
KEY = {"idempotency_key": "k"}
SIZE = len(payload("add_text")["text"].encode())


async def add(**changes: Any) -> str:
    """Alice adds the recorded text, with changes; the document's id."""
    document_id: str = (await ADD.call(payload("add_text", **changes), token="alice")).result["id"]
    return document_id


async def learn(world: World, **changes: Any) -> Document:
    """As `add`; the bucket tells of the object, and every message is delivered."""
    document_id = await add(**changes)
    stat = await world.blobs.stat(f"uploads/{document_id}")
    assert stat is not None
    assert (await ON_UPLOAD.notify(stat.name, stat.size_bytes, stat.md5, stat.content_type)).status == 204
    assert set(await world.deliver()) == {204}
    return world.document(document_id)


async def test_a_text_is_kept_and_answered_as_a_document_on_its_way(world: World) -> None:
    reply = await ADD.rest("POST", "/api/v1/upload/text", payload("add_text"), token="alice")
    assert reply.status == 201
    shown = reply.json
    assert (shown["source"], shown["status"], shown["size_bytes"]) == ("text", "awaiting_upload", SIZE)
    assert (await world.blobs.read(f"uploads/{shown['id']}")).decode() == payload("add_text")["text"]
    assert world.store.stock["alice"] == Stock(documents=1, bytes=SIZE)
    assert (await GET.call({"document_id": shown["id"]}, token="alice")).result == shown


async def test_a_text_is_learned(world: World) -> None:
    document = await learn(world)
    assert (document.status, document.title, document.chunks) == (DocumentStatus.READY, "Whales", 1)
    [entry] = world.store.chunks.values()
    assert "four tonnes" in entry.chunk.text


@pytest.mark.parametrize(
    ("change", "headings"),
    [
        ({"format": "markdown"}, ("Whales",)),
        ({"title": "Whales.MD"}, ("Whales",)),
        ({"title": "Whales.md", "format": "text"}, ()),
        ({}, ()),
    ],
)
async def test_markdown_keeps_its_headings_where_it_is_said_to_be_some(
    world: World, change: dict[str, Any], headings: tuple[str, ...]
) -> None:
    await learn(world, text="# Whales\n\nBlue whales eat krill.", **change)
    assert [entry.chunk.place.headings for entry in world.store.chunks.values()][-1] == headings


@pytest.mark.parametrize(
    "text",
    [
        "%PDF-1.7 is how a PDF file begins.",
        "{\\rtf is how another one begins.",
        "<!doctype html> begins a page of the web.",
        "Straße, 東京, κόσμος, 👩\u200d👩\u200d👧",
        "\ufeffA mark stands before it.",
    ],
)
async def test_a_text_is_text_whatever_it_begins_with(world: World, text: str) -> None:
    document = await learn(world, text=text)
    assert document.status is DocumentStatus.READY
    assert [entry.chunk.text for entry in world.store.chunks.values()] == [text.removeprefix("\ufeff")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n\t "}, "text"),
        ({"text": "a\x00" * 50}, "text"),
        ({"text": "x" * 500_001}, "text"),
        ({"text": 5}, "text"),
        ({"title": ""}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"format": "html"}, "format"),
        ({"bot_id": "a/b"}, "bot_id"),
        ({"owner_id": "bob"}, "owner_id"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_stored(world: World, change: dict[str, Any], field: str) -> None:
    error = (await ADD.call(payload("add_text", **change), token="alice")).error
    assert (error["status"], field in str(error)) == ("INVALID_ARGUMENT", True)
    assert (world.store.documents, world.blobs.objects) == ({}, {})


async def test_the_longest_text_is_taken_however_its_characters_are_escaped() -> None:
    reply = await ADD.call(payload("add_text", text="\U0001f40b" * 500_000), token="alice")
    assert reply.result["size_bytes"] == 2_000_000


@pytest.mark.parametrize(("token", "bot_id"), [("bob", "bot"), ("alice", "none")])
async def test_a_foreign_bot_answers_as_a_missing_one(world: World, token: str, bot_id: str) -> None:
    error = (await ADD.call(payload("add_text", bot_id=bot_id), token=token)).error
    assert (error["status"], error["message"]) == ("NOT_FOUND", "There is no such bot.")
    assert world.blobs.objects == {}


async def test_bytes_beyond_the_plan_are_refused(world: World) -> None:
    world.store.accounts["alice"] = Account(id="alice")
    world.store.stock["alice"] = Stock(bytes=FREE.stock.bytes - SIZE + 1)
    error = (await ADD.call(payload("add_text"), token="alice")).error
    assert (error["status"], "bytes" in error["message"]) == ("RESOURCE_EXHAUSTED", True)
    assert (world.store.documents, world.blobs.objects) == ({}, {})


async def test_the_same_key_adds_one_text(world: World) -> None:
    assert await add(**KEY) == await add(**KEY)
    assert len(world.store.documents) == 1


async def test_a_try_that_died_before_the_text_was_kept_is_made_good_by_the_next(world: World) -> None:
    world.hook.errors["before write"] = [UnavailableError("The bucket is away.")]
    assert (await ADD.call(payload("add_text", **KEY), token="alice")).status == 503
    document_id = await add(**KEY)
    assert list(world.store.documents) == [document_id]
    assert list(world.blobs.objects) == [f"uploads/{document_id}"]


async def test_a_key_that_is_used_again_after_a_day_is_for_the_same_text_alone(world: World) -> None:
    document_id = await add(**KEY)
    world.store.receipts.clear()
    assert await add(**KEY) == document_id
    world.store.receipts.clear()
    error = (await ADD.call(payload("add_text", text="Another.", **KEY), token="alice")).error
    assert (error["status"], "idempotency_key" in str(error)) == ("ALREADY_EXISTS", True)


async def test_a_text_that_never_came_is_given_up_within_minutes_with_its_stock(world: World) -> None:
    world.hook.errors["before write"] = [UnavailableError("The bucket is away.")]
    await ADD.call(payload("add_text"), token="alice")
    for _ in range(8):
        await world.sweep(timedelta(minutes=2))
    [stored] = world.store.documents.values()
    assert stored.value.failure is not None
    assert (stored.value.failure.code, stored.value.failure.message) == (
        FailureCode.UPLOAD_EXPIRED,
        "The text was not kept. Send it again.",
    )
    assert world.store.stock["alice"] == Stock()


async def test_a_text_whose_notice_was_lost_is_started_by_the_sweep(world: World) -> None:
    document_id = await add()
    await world.sweep(timedelta(minutes=3))
    await world.deliver()
    assert world.document(document_id).status is DocumentStatus.READY


@pytest.mark.parametrize("document_id", ["mine", "none"])
async def test_a_foreign_document_answers_as_a_missing_one(world: World, document_id: str) -> None:
    mine = await world.learn("a.txt", TEXT)
    asked = mine.id if document_id == "mine" else document_id
    error = (await GET.rest("GET", f"/api/v1/documents/{asked}", token="bob")).json
    assert (error["code"], error["detail"]) == ("NOT_FOUND", "There is no such document.")


async def test_a_store_that_is_away_says_so(world: World) -> None:
    world.hook.errors["before get"] = [UnavailableError("The store is away.")]
    assert (await GET.call({"document_id": "d"}, token="alice")).error["status"] == "UNAVAILABLE"
