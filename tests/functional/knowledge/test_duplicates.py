"""The same file twice in the same bot is one document, whichever upload ends first and whatever becomes of the first."""

import asyncio
import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import ConflictError, UnavailableError
from shared.domain.document import Document, DocumentSource, DocumentStatus, FailureCode
from shared.domain.plan import Stock
from tests.functional.harness import client_for
from tests.functional.knowledge.deleting import delete, nothing_is_left, sweep
from tests.functional.knowledge.world import CREATE, ON_UPLOAD, STATUS, TEXT, World, payload, published
from tests.memory.blobs import StoredBlob
from tests.unit.agent.library import a_bot

GET = client_for("get_document")
LIST = client_for("list_documents")
ADD_TEXT = client_for("add_text")
REPROCESS = client_for("reprocess_document")
UNREADABLE = b"%PDF-1.7\nnothing"


async def duplicate(world: World, content: bytes = TEXT) -> Document:
    """The same bytes once more."""
    return world.document(await world.upload("again.txt", content))


async def notified(world: World, document_id: str, content: bytes = TEXT) -> int:
    name = f"uploads/{document_id}"
    stat = world.blobs.finish_upload(name, content) if name in world.blobs.sessions else await world.blobs.stat(name)
    assert stat is not None
    return (await ON_UPLOAD.notify(name, stat.size_bytes, stat.md5)).status


def original_left(world: World, first: Document) -> bool:
    return world.store.stock["alice"] == Stock(documents=1, bytes=len(TEXT)) and f"uploads/{first.id}" in world.blobs.objects


async def test_the_later_one_ends_as_a_duplicate_that_costs_nothing(world: World) -> None:
    first = await world.learn("a.txt", TEXT)
    paid = list(world.embedder.embedded)

    again = await duplicate(world)

    assert (again.status, again.duplicate_of) == (DocumentStatus.DUPLICATE, first.id)
    assert (world.queue.topics, world.embedder.embedded) == ({}, paid)
    assert f"uploads/{again.id}" not in world.blobs.objects
    assert original_left(world, first)


async def test_a_duplicate_is_told_to_who_asks_and_not_listed(world: World) -> None:
    first = await world.learn("a.txt", TEXT)
    again = await duplicate(world)

    shown = (await STATUS.call({"job_id": again.id}, token="alice")).result
    assert (shown["status"], shown["duplicate_of"]) == ("duplicate", first.id)
    assert (await GET.call({"document_id": again.id}, token="alice")).result["duplicate_of"] == first.id
    listed = (await LIST.call({"bot_id": "bot"}, token="alice")).result["items"]
    assert [document["id"] for document in listed] == [first.id]


async def test_a_duplicate_is_forgotten_after_a_week(world: World) -> None:
    await world.learn("a.txt", TEXT)
    again = await duplicate(world)
    for later, is_there in ((timedelta(days=7, seconds=-1), True), (timedelta(seconds=1), False)):
        world.now += later
        assert (await GET.call({"document_id": again.id}, token="alice")).status == (200 if is_there else 404)


async def test_a_duplicate_is_deleted_without_a_second_refund(world: World) -> None:
    first = await world.learn("a.txt", TEXT)
    again = await duplicate(world)
    await delete("document", again.id)
    await world.deliver()
    assert nothing_is_left(world, again.id)
    assert original_left(world, first)
    assert (await duplicate(world)).duplicate_of == first.id


async def test_a_duplicate_cannot_be_learned_anew(world: World) -> None:
    first = await world.learn("a.txt", TEXT)
    again = await duplicate(world)
    error = (await REPROCESS.call({"document_id": again.id}, token="alice")).error
    assert error["status"] == "FAILED_PRECONDITION"
    assert first.id in error["message"]


async def test_another_bot_learns_the_same_file_for_itself_at_no_cost(world: World) -> None:
    first = await world.learn("a.txt", TEXT)
    paid = list(world.embedder.embedded)
    world.store.bots["second"] = a_bot().model_copy(update={"id": "second"})
    asked = payload("create_upload", bot_id="second", size_bytes=len(TEXT))
    other = (await CREATE.call(asked, token="alice")).result["document_id"]
    assert await notified(world, other) == 204
    await world.deliver()
    assert (world.document(other).status, world.document(first.id).status) == (DocumentStatus.READY, DocumentStatus.READY)
    assert world.embedder.embedded == paid


async def test_of_two_uploads_that_end_at_once_one_is_learned(world: World) -> None:
    uploads = [await world.create(f"{name}.txt", "text/plain", len(TEXT)) for name in "ab"]
    assert await asyncio.gather(*(notified(world, each) for each in uploads)) == [204, 204]
    await world.deliver()
    statuses = {world.document(each).status: each for each in uploads}
    assert set(statuses) == {DocumentStatus.READY, DocumentStatus.DUPLICATE}
    assert world.document(statuses[DocumentStatus.DUPLICATE]).duplicate_of == statuses[DocumentStatus.READY]


async def test_a_text_that_came_with_the_call_is_the_same_as_a_file(world: World) -> None:
    first = await world.learn("a.txt", TEXT)
    added = (await ADD_TEXT.call({"bot_id": "bot", "title": "b", "text": TEXT.decode()}, token="alice")).result["id"]
    assert await notified(world, added) == 204
    assert world.document(added).duplicate_of == first.id


async def failed(world: World) -> Document:
    """A document whose file cannot be read."""
    return await world.learn("a.pdf", UNREADABLE, "application/pdf")


async def test_a_file_that_failed_may_be_uploaded_again(world: World) -> None:
    first = await failed(world)
    again = await duplicate(world, UNREADABLE)
    assert (first.status, again.status) == (DocumentStatus.FAILED, DocumentStatus.RECEIVED)
    error = (await REPROCESS.call({"document_id": first.id}, token="alice")).error
    assert again.id in error["message"], "two documents would learn the same bytes"


async def test_a_file_whose_document_is_being_deleted_may_be_uploaded_again(world: World) -> None:
    first = await world.learn("a.txt", TEXT)
    await delete("document", first.id)
    again = await world.learn("b.txt", TEXT)
    assert again.status is DocumentStatus.READY
    await sweep(world, timedelta(days=1))
    assert nothing_is_left(world, first.id)
    assert (await duplicate(world)).duplicate_of == again.id, "the purge of the first took the claim of the second"


async def test_a_deleted_document_gives_its_claim_back(world: World) -> None:
    first = await world.learn("a.txt", TEXT)
    assert len(world.store.contents) == 1
    await delete("document", first.id)
    await world.deliver()
    assert world.store.contents == {}


async def test_a_deleted_bot_leaves_no_claim(world: World) -> None:
    await world.learn("a.txt", TEXT)
    await duplicate(world)
    await delete("bot", "bot")
    await world.deliver()
    await sweep(world, timedelta(minutes=2))
    assert (world.store.contents, world.store.documents) == ({}, {})


@pytest.mark.parametrize("moment", ["after claim", "before replace", "after replace"])
async def test_a_document_that_claimed_and_died_goes_on(world: World, moment: str) -> None:
    first = await world.create("a.txt", "text/plain", len(TEXT))
    world.hook.errors[moment] = [UnavailableError("The store is away.")]
    assert await notified(world, first) == 503
    again = await duplicate(world)
    assert again.duplicate_of == first, "the claim stands though its document did not go on yet"
    assert await notified(world, first) == 204
    await world.deliver()
    assert world.document(first).status is DocumentStatus.READY


@pytest.mark.parametrize("moment", ["before release", "after release", "before delete"])
async def test_whoever_dies_while_ending_a_duplicate_is_followed_by_the_next(world: World, moment: str) -> None:
    first = await world.learn("a.txt", TEXT)
    again = await world.create("b.txt", "text/plain", len(TEXT))
    world.hook.errors[moment] = [UnavailableError("The store is away.")]
    assert await notified(world, again) == 503
    for _ in range(2):
        await world.sweep(timedelta(hours=1))
    assert world.document(again).duplicate_of == first.id
    assert (f"uploads/{again}" in world.blobs.objects, world.document(again).due_at) == (False, None)
    assert original_left(world, first)


async def test_a_claim_that_many_take_over_comes_again(world: World) -> None:
    first = await failed(world)
    world.hook.errors["before take_over"] = [ConflictError("Another was quicker.")] * 4
    again = await world.create("b.pdf", "application/pdf", len(UNREADABLE))
    assert await notified(world, again, UNREADABLE) == 503
    assert await notified(world, again, UNREADABLE) == 204
    assert (world.document(again).status, world.document(first.id).status) == (DocumentStatus.RECEIVED, DocumentStatus.FAILED)


async def test_an_attachment_is_kept_beside_the_same_file(world: World) -> None:
    first = await world.learn("a.txt", TEXT)
    other = await world.create("b.txt", "text/plain", len(TEXT))
    stored = world.store.documents[other]
    attached = {"source": DocumentSource.ATTACHMENT, "parent_id": first.id}
    world.store.documents[other] = world.store.stamp(stored.value.model_copy(update=attached))
    assert await notified(world, other) == 204
    assert world.document(other).status is DocumentStatus.RECEIVED


async def test_an_object_without_a_hash_is_learned(world: World) -> None:
    await world.learn("a.txt", TEXT)
    other = await world.create("b.txt", "text/plain", len(TEXT))
    world.blobs.objects[f"uploads/{other}"] = StoredBlob(TEXT, "text/plain")
    assert (await ON_UPLOAD.notify(f"uploads/{other}", len(TEXT))).status == 204
    assert world.document(other).status is DocumentStatus.RECEIVED


def told(content: bytes = TEXT, **changes: Any) -> Any:
    md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    return payload("create_upload", content_md5=md5, size_bytes=len(content), **changes)


async def test_a_page_that_tells_the_hash_has_nothing_to_upload(world: World) -> None:
    first = await world.learn("a.txt", TEXT)
    upload = (await CREATE.call(told(), token="alice")).result
    assert (upload["document_id"], upload["duplicate_of"], upload["upload_url"]) == (first.id, first.id, None)
    assert (list(world.store.documents), world.blobs.sessions) == ([first.id], {})


@pytest.mark.parametrize("end", ["deleted", "failed", "none"])
async def test_the_hash_of_a_file_that_is_not_there_opens_an_upload(world: World, end: str) -> None:
    content = UNREADABLE if end == "failed" else TEXT
    if end != "none":
        first = await world.learn("a.txt", content)
    if end == "deleted":
        await delete("document", first.id)
    upload = (await CREATE.call(told(content), token="alice")).result
    assert upload["duplicate_of"] is None
    assert upload["upload_url"].endswith(upload["document_id"])


@pytest.mark.parametrize("other", [False, True])
async def test_no_other_bytes_are_taken_than_the_hash_announced(world: World, other: bool) -> None:  # noqa: FBT001 - A case.
    upload = (await CREATE.call(told(), token="alice")).result
    assert await notified(world, upload["document_id"], TEXT[::-1] if other else TEXT) == 204
    document = world.document(upload["document_id"])
    assert (document.failure.code if document.failure else None) == (FailureCode.UPLOAD_MISMATCH if other else None)
    assert (list(world.blobs.objects) == [], world.store.stock["alice"].documents) == (other, 0 if other else 1)


async def test_a_duplicate_whose_original_was_deleted_asks_for_the_file_again(world: World) -> None:
    first = await world.learn("a.txt", TEXT)
    second = world.document(await world.upload("b.txt", TEXT))
    asked = client_for("reprocess_document").call
    known = (await asked({"document_id": second.id}, token="alice")).error
    await delete("document", first.id)
    await world.deliver()
    gone = (await asked({"document_id": second.id}, token="alice")).error
    assert (known["status"], first.id in known["message"]) == ("FAILED_PRECONDITION", True)
    assert (gone["status"], gone["message"]) == (
        "FAILED_PRECONDITION",
        "The document that had this file was deleted; upload the file again.",
    )


async def test_the_hash_of_another_bots_file_tells_nothing(world: World) -> None:
    await world.learn("a.txt", TEXT)
    world.store.bots["second"] = a_bot().model_copy(update={"id": "second"})
    assert (await CREATE.call(told(bot_id="second"), token="alice")).result["duplicate_of"] is None


@pytest.mark.parametrize("wrong", ["", "abc", "XUFAKrxLKna5cZ2REBfFkg", "5d41402abc4b2a76b9719d911017c592"])
async def test_a_hash_that_is_none_is_refused(wrong: str) -> None:
    error = (await CREATE.call(payload("create_upload", content_md5=wrong), token="alice")).error
    assert error["status"] == "INVALID_ARGUMENT"
    assert "content_md5" in error["message"]


async def test_an_object_of_a_document_that_is_gone_is_removed(world: World) -> None:
    document_id = await world.create("a.txt", "text/plain", len(TEXT))
    del world.store.documents[document_id]
    assert await notified(world, document_id) == 204
    assert world.blobs.objects == {}
    assert published(world, "extract-document") == []
