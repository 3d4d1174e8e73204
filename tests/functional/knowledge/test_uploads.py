"""Asking for an upload, the bucket's notice, and the sweep that finds what was lost."""

from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.core.errors import ConflictError, SynapseError, UnavailableError
from shared.domain.account import Account
from shared.domain.document import DocumentStatus, FailureCode
from shared.domain.plan import FREE, Stock
from tests.functional.knowledge.world import CREATE, ON_UPLOAD, START, STATUS, TEXT, World, payload, published
from tests.memory.blobs import StoredBlob, UploadSession

WEEK = timedelta(days=7)


def shown(head: bytes) -> str:
    """Bytes as a caller sends them."""
    return b64encode(head).decode()


async def notify(**changes: Any) -> int:
    """The recorded notice, with changes of the object."""
    notice = payload("object_finalized")
    resource = notice["resource"] | changes
    attributes = notice["attributes"] | {"objectId": resource["name"]}
    return (await ON_UPLOAD.push(resource, attributes=attributes)).status


async def test_an_upload_is_a_session_pinned_to_its_type_size_and_origin(world: World) -> None:
    reply = await CREATE.call(payload("create_upload"), token="alice", headers={"origin": "https://page.example"})
    upload = reply.result
    name = f"uploads/{upload['document_id']}"
    assert upload["upload_url"] == f"memory://upload/{name}"
    assert world.blobs.sessions[name] == UploadSession("text/plain", 62, "https://page.example")
    assert datetime.fromisoformat(upload["expires_at"]) == START + WEEK
    document = world.document(upload["document_id"])
    assert (document.status, document.owner_id, document.blob) == (DocumentStatus.AWAITING_UPLOAD, "alice", name)
    assert world.store.stock["alice"] == Stock(documents=1, bytes=62)


async def test_the_type_follows_from_the_name_where_the_browser_knows_none() -> None:
    asked = payload("create_upload", title="notes.md", content_type="")
    assert (await CREATE.call(asked, token="alice")).result["content_type"] == "text/markdown"


@pytest.mark.parametrize(
    ("head", "title", "content_type"),
    [
        (b"%PDF-1.7\n", "whales.txt", "application/pdf"),
        (b"{\\rtf1 Whales}", "whales.bin", "application/rtf"),
        (b"A list of whales", "whales", "text/plain"),
        (b"name,size\nblue,30\n", "whales.csv", "text/csv"),
    ],
)
async def test_the_first_bytes_decide_whatever_the_name_is(head: bytes, title: str, content_type: str) -> None:
    asked = payload("create_upload", title=title, content_type="", head=shown(head))
    assert (await CREATE.call(asked, token="alice")).result["content_type"] == content_type


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "a\nb.txt"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"size_bytes": 0}, "size_bytes"),
        ({"size_bytes": 1_000_001}, "size_bytes"),
        ({"size_bytes": "62"}, "size_bytes"),
        ({"content_type": "video/mp4", "title": "whales"}, "content_type"),
        ({"title": "program.exe", "content_type": ""}, "title"),
        ({"head": "no base64!"}, "head"),
        ({"head": shown(b"x" * 8193)}, "head"),
        ({"head": shown(b"four"), "size_bytes": 3}, "head"),
        ({"head": shown(b"MZ\x90\x00\x03\x00\x00\x00\x04")}, "head"),
        ({"head": shown(b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00")}, "head"),
        ({"bot_id": "a/b"}, "bot_id"),
        ({"owner_id": "bob"}, "owner_id"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_stored(world: World, change: dict[str, Any], field: str) -> None:
    error = (await CREATE.call(payload("create_upload", **change), token="alice")).error
    assert error["status"] == "INVALID_ARGUMENT"
    assert field in str(error)
    assert (world.store.documents, world.blobs.sessions) == ({}, {})


@pytest.mark.parametrize(("token", "bot_id"), [("bob", "bot"), ("alice", "none")])
async def test_a_foreign_bot_answers_as_a_missing_one(world: World, token: str, bot_id: str) -> None:
    error = (await CREATE.call(payload("create_upload", bot_id=bot_id), token=token)).error
    assert (error["status"], error["message"]) == ("NOT_FOUND", "There is no such bot.")
    assert world.store.documents == {}


async def test_a_suspended_account_uploads_nothing(world: World) -> None:
    world.store.accounts["alice"] = Account(id="alice", suspended=True)
    assert (await CREATE.call(payload("create_upload"), token="alice")).error["status"] == "PERMISSION_DENIED"
    assert world.store.documents == {}


async def test_a_full_stock_refuses_the_upload_and_says_why(world: World) -> None:
    world.store.stock["alice"] = Stock(documents=FREE.stock.documents)
    error = (await CREATE.call(payload("create_upload"), token="alice")).error
    assert (error["status"], "documents" in error["message"]) == ("RESOURCE_EXHAUSTED", True)
    assert world.store.documents == {}


async def test_a_session_that_cannot_be_opened_leaves_nothing_behind(world: World) -> None:
    world.hook.errors["before create_upload_session"] = [UnavailableError("The bucket is away.")]
    assert (await CREATE.call(payload("create_upload"), token="alice")).error["status"] == "UNAVAILABLE"
    assert (world.store.documents, world.store.stock["alice"]) == ({}, Stock())


async def test_the_same_key_opens_one_upload(world: World) -> None:
    headers = {"idempotency-key": "k"}
    replies = [
        await CREATE.rest("POST", "/api/v1/upload/file", payload("create_upload"), token="alice", headers=headers) for _ in "ab"
    ]
    assert [reply.status for reply in replies] == [201, 201]
    assert replies[0].json == replies[1].json
    assert len(world.store.documents) == 1


async def test_a_key_whose_receipt_was_lost_finds_its_upload_and_opens_a_new_session(world: World) -> None:
    asked = payload("create_upload", idempotency_key="k")
    made = (await CREATE.call(asked, token="alice")).result
    world.store.receipts.clear()
    world.blobs.sessions.clear()
    world.now += timedelta(hours=1)
    assert (await CREATE.call(asked, token="alice")).result == made
    assert set(world.blobs.sessions) == {f"uploads/{made['document_id']}"}
    assert world.store.stock["alice"] == Stock(documents=1, bytes=62)


async def test_a_try_that_died_before_its_answer_was_kept_is_found_again(world: World) -> None:
    asked = payload("create_upload", idempotency_key="k")
    world.hook.errors["after create"] = [UnavailableError("The answer was lost.")]
    assert (await CREATE.call(asked, token="alice")).error["status"] == "UNAVAILABLE"
    world.now += timedelta(seconds=1)
    assert (await CREATE.call(asked, token="alice")).result["document_id"] in world.store.documents
    assert world.store.stock["alice"] == Stock(documents=1, bytes=62)


@pytest.mark.parametrize("change", [{"title": "b.txt"}, {"size_bytes": 61}, {"title": "a.md", "content_type": ""}])
async def test_a_key_of_another_upload_is_refused(world: World, change: dict[str, Any]) -> None:
    asked = payload("create_upload", idempotency_key="k")
    await CREATE.call(asked, token="alice")
    world.store.receipts.clear()
    error = (await CREATE.call(asked | change, token="alice")).error
    assert (error["status"], error["details"]["field"]) == ("ALREADY_EXISTS", "idempotency_key")
    assert world.store.stock["alice"] == Stock(documents=1, bytes=62)


async def test_a_key_whose_upload_has_arrived_opens_no_second_one(world: World) -> None:
    asked = payload("create_upload", idempotency_key="k", size_bytes=len(TEXT))
    name = f"uploads/{(await CREATE.call(asked, token='alice')).result['document_id']}"
    world.blobs.finish_upload(name, TEXT)
    assert await notify(name=name, size=str(len(TEXT))) == 204
    world.store.receipts.clear()
    world.now += timedelta(seconds=1)
    error = (await CREATE.call(asked, token="alice")).error
    assert (error["status"], error["details"]["field"]) == ("ALREADY_EXISTS", "idempotency_key")


async def test_one_key_of_two_people_opens_two_uploads(world: World) -> None:
    world.store.bots["bobs"] = world.store.bots["bot"].model_copy(update={"id": "bobs", "owner_id": "bob"})
    asked = payload("create_upload", idempotency_key="k")
    mine = (await CREATE.call(asked, token="alice")).result["document_id"]
    assert (await CREATE.call(asked | {"bot_id": "bobs"}, token="bob")).result["document_id"] != mine


async def test_a_finished_upload_starts_the_extraction(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    document = world.document(document_id)
    assert (document.status, document.content_hash is not None) == (DocumentStatus.RECEIVED, True)
    assert published(world, "extract-document") == [{"document_id": document_id, "generation": 1, "shard": 0}]


async def test_a_second_notice_changes_nothing_but_asks_again(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    before = world.document(document_id)
    assert await notify(name=f"uploads/{document_id}", size=str(len(TEXT))) == 204
    assert world.document(document_id) == before
    assert len(published(world, "extract-document")) == 2


async def test_a_notice_after_the_end_keeps_the_document_and_its_object(world: World) -> None:
    document = await world.learn("a.txt", TEXT)
    assert await notify(name=document.blob, size=str(len(TEXT))) == 204
    assert world.document(document.id) == document
    assert document.blob in world.blobs.objects
    assert published(world, "extract-document") == []


async def test_an_object_whose_document_is_gone_is_deleted(world: World) -> None:
    world.blobs.objects["uploads/d1"] = StoredBlob(TEXT, "text/plain")
    assert await notify() == 204
    assert world.blobs.objects == {}


async def test_a_type_that_a_plain_put_does_not_name_is_no_reason_to_refuse(world: World) -> None:
    document_id = await world.create("a.txt", "text/plain", len(TEXT))
    name = f"uploads/{document_id}"
    world.blobs.objects[name] = StoredBlob(TEXT, "application/octet-stream")
    assert await notify(name=name, size=str(len(TEXT)), contentType="application/octet-stream") == 204
    await world.deliver()
    assert world.document(document_id).status is DocumentStatus.READY


async def test_an_object_of_another_size_fails_its_document_and_says_both(world: World) -> None:
    document_id = await world.create("a.txt", "text/plain", 62)
    name = f"uploads/{document_id}"
    world.blobs.objects[name] = StoredBlob(TEXT, "text/plain")
    assert await notify(name=name, size="61") == 204
    status = (await STATUS.call({"job_id": document_id}, token="alice")).result
    assert (status["status"], status["failure"]["code"]) == ("failed", "upload_mismatch")
    assert status["failure"]["message"].startswith("61 bytes arrived where 62 were announced.")
    assert (world.blobs.objects, published(world, "extract-document")) == ({}, [])
    assert world.store.stock["alice"] == Stock()


@pytest.mark.parametrize(
    ("moment", "error"),
    [
        ("before release", ConflictError("The sweep was quicker.")),
        ("after release", UnavailableError("The answer was lost.")),
        ("before delete", UnavailableError("The bucket is away.")),
    ],
)
async def test_a_refused_upload_gives_its_quota_back_once_however_often_it_is_told(
    world: World, moment: str, error: SynapseError
) -> None:
    await world.create("kept.txt", "text/plain", 5)
    document_id = await world.create("a.txt", "text/plain", 61)
    name = f"uploads/{document_id}"
    world.blobs.objects[name] = StoredBlob(TEXT, "text/plain")
    world.hook.errors[moment] = [error]
    assert [await notify(name=name) for _ in range(3)] == [503, 204, 204]
    assert world.document(document_id).is_given_up
    assert world.store.stock["alice"] == Stock(documents=1, bytes=5)
    assert world.blobs.objects == {}


async def test_an_object_of_a_strange_name_is_left_alone(world: World) -> None:
    world.blobs.objects["uploads/a/b"] = StoredBlob(TEXT, "text/plain")
    assert await notify(name="uploads/a/b") == 204
    assert "uploads/a/b" in world.blobs.objects


async def test_a_store_that_is_away_has_the_notice_delivered_again(world: World) -> None:
    document_id = await world.create("a.txt", "text/plain", 62)
    world.hook.errors["before replace"] = [UnavailableError("The store is away.")]
    assert await notify(name=f"uploads/{document_id}") == 503
    assert await notify(name=f"uploads/{document_id}") == 204
    assert world.document(document_id).status is DocumentStatus.RECEIVED


async def test_the_sweep_finds_an_upload_whose_notice_was_lost(world: World) -> None:
    document_id = await world.create("a.txt", "text/plain", len(TEXT))
    world.blobs.finish_upload(f"uploads/{document_id}", TEXT)
    await world.sweep(timedelta(minutes=2))
    assert world.document(document_id).status is DocumentStatus.RECEIVED
    assert len(published(world, "extract-document")) == 1


async def test_the_sweep_looks_ever_more_seldom_for_an_upload_that_does_not_come(world: World) -> None:
    document_id = await world.create("a.txt", "text/plain", len(TEXT))
    looks = 0
    while world.document(document_id).status is DocumentStatus.AWAITING_UPLOAD:
        due_at = world.document(document_id).due_at
        assert due_at is not None
        await world.sweep(max(due_at - world.now, timedelta(0)))
        looks += 1
    assert world.now == START + WEEK
    assert 20 < looks < 60


async def test_an_upload_that_never_came_expires_and_gives_its_quota_back(world: World) -> None:
    document_id = await world.create("a.txt", "text/plain", len(TEXT))
    await world.sweep(WEEK)
    await world.deliver()
    document = world.document(document_id)
    assert document.failure is not None
    assert (document.status, document.failure.code, document.due_at) == (
        DocumentStatus.FAILED,
        FailureCode.UPLOAD_EXPIRED,
        None,
    )
    assert world.store.stock["alice"] == Stock()
    world.blobs.objects[document.blob] = StoredBlob(TEXT, "text/plain")
    assert await notify(name=document.blob) == 204
    assert world.blobs.objects == {}


async def test_an_expired_upload_whose_object_came_in_the_last_moment_is_learned(world: World) -> None:
    document_id = await world.create("a.txt", "text/plain", len(TEXT))
    world.blobs.finish_upload(f"uploads/{document_id}", TEXT)
    await world.sweep(WEEK)
    assert world.document(document_id).status is DocumentStatus.RECEIVED


async def test_the_call_its_messages_and_a_later_look_share_one_correlation_id(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    [first] = world.queue.drain("extract-document")
    await world.sweep(timedelta(minutes=5))
    [again] = world.queue.drain("extract-document")
    begun = world.document(document_id).correlation_id
    assert begun
    assert [message.attributes["correlation_id"] for message in (first, again)] == [begun, begun]
