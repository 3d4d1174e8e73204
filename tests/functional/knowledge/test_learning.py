"""From an upload to live knowledge through every stage's own app, on real files read in real child processes."""

import zipfile
from datetime import timedelta
from io import BytesIO

import pytest

from shared.core.errors import ResourceExhaustedError, UnavailableError
from shared.domain.document import DocumentStatus, FailureCode, Stage, StageProgress
from tests.functional.harness import client_for
from tests.functional.knowledge.deleting import delete
from tests.functional.knowledge.world import FUNCTIONS, START, TEXT, World, file, payload, published

CHUNKS = client_for("list_chunks")
LONG = "\n\n".join(f"Paragraph {number} " + " ".join(f"w{number}x{word}" for word in range(200)) for number in range(80)).encode()


def zipped() -> bytes:
    """An archive that is no document of any office."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("notes.txt", "whales")
    return content.getvalue()


async def test_a_text_is_learned_whole(world: World) -> None:
    document = await world.learn("whales.txt", TEXT)
    assert (document.status, document.live_generation, document.due_at) == (DocumentStatus.READY, 1, None)
    assert set(document.progress.values()) == {StageProgress(done=1, of=1)}
    found = " ".join(entry.chunk.text for entry in world.store.chunks.values())
    assert "Blue whales eat krill" in found
    assert {(entry.chunk.owner_id, entry.chunk.bot_id) for entry in world.store.chunks.values()} == {("alice", "bot")}


async def test_a_pdf_keeps_its_pages(world: World) -> None:
    document = await world.learn("paper.pdf", file("pdflatex-4-pages.pdf"), "application/pdf")
    assert (document.status, document.pages) == (DocumentStatus.READY, 4)
    assert {entry.chunk.place.page for entry in world.store.chunks.values()} <= {1, 2, 3, 4}
    assert 1 in {entry.chunk.place.page for entry in world.store.chunks.values()}


async def test_a_long_text_goes_in_batches_and_each_text_is_paid_for_once(world: World) -> None:
    document = await world.learn("long.txt", LONG)
    batches = -(-(document.chunks or 0) // 32)
    assert batches > 1
    assert document.progress[Stage.INDEX] == StageProgress(done=batches, of=batches)
    assert len(world.store.chunks) == document.chunks
    assert len(set(world.embedder.embedded)) == len(world.embedder.embedded)


async def test_the_same_file_again_costs_no_embedding(world: World) -> None:
    first = await world.learn("a.txt", LONG)
    paid = len(world.embedder.embedded)
    await delete("document", first.id)
    again = await world.learn("b.txt", LONG)
    assert (again.status, len(world.embedder.embedded)) == (DocumentStatus.READY, paid)


async def test_a_text_said_twice_in_a_batch_is_paid_for_once(world: World) -> None:
    paragraph = " ".join(f"word{number}" for number in range(150))
    document = await world.learn("twice.txt", f"{paragraph}\n\n{paragraph}".encode())
    assert (document.chunks, len(world.embedder.embedded)) == (2, 1)


@pytest.mark.parametrize(
    ("name", "content", "content_type", "code"),
    [
        ("password.pdf", file("password.pdf"), "application/pdf", FailureCode.ENCRYPTED),
        ("scan.pdf", file("imagemagick-images.pdf"), "application/pdf", FailureCode.NEEDS_OCR),
        ("bad.pdf", b"%PDF-1.7\nnothing", "application/pdf", FailureCode.CORRUPT),
        ("blank.txt", b" \n \n", "text/plain", FailureCode.EMPTY),
        ("office.txt", zipped(), "text/plain", FailureCode.UNSUPPORTED_TYPE),
    ],
)
async def test_a_file_that_cannot_be_read_says_what_to_do(
    world: World, name: str, content: bytes, content_type: str, code: FailureCode
) -> None:
    document = await world.learn(name, content, content_type)
    assert document.failure is not None
    assert (document.status, document.failure.code, document.failure.can_retry) == (DocumentStatus.FAILED, code, False)
    assert document.failure.message.endswith(".")
    assert (world.store.chunks, document.due_at) == ({}, None)


async def test_every_message_delivered_twice_changes_nothing(world: World) -> None:
    document_id = await world.upload("long.txt", LONG)
    while topic := next((topic for topic in FUNCTIONS if world.queue.topics.get(topic)), None):
        for body in published(world, topic):
            assert [(await FUNCTIONS[topic].push(body)).status for _ in "ab"] == [204, 204]
    document = world.document(document_id)
    assert (document.status, len(world.store.chunks)) == (DocumentStatus.READY, document.chunks)
    assert len(set(world.embedder.embedded)) == len(world.embedder.embedded)


async def test_a_bucket_that_is_away_has_the_message_delivered_again(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    world.hook.errors["before write"] = [UnavailableError("The bucket is away.")]
    [body] = published(world, "extract-document")
    assert [(await FUNCTIONS["extract-document"].push(body)).status for _ in "ab"] == [503, 204]
    await world.deliver()
    assert world.document(document_id).status is DocumentStatus.READY


async def test_a_derived_object_that_is_gone_fails_the_document_so_that_it_can_be_tried_again(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    await FUNCTIONS["extract-document"].push(published(world, "extract-document")[0])
    world.blobs.objects.clear()
    await world.deliver()
    failure = world.document(document_id).failure
    assert failure is not None
    assert (failure.code, failure.can_retry) == (FailureCode.INTERNAL, True)


async def test_a_provider_without_quota_is_left_alone_until_it_allows_more(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    world.embedder.errors = [ResourceExhaustedError("slow down", retry_after_seconds=300)]
    assert set(await world.deliver()) == {204}
    until = START + timedelta(seconds=300)
    assert world.document(document_id).retry_at == until
    assert world.store.holds == {"fake-words": until}
    other_id = await world.upload("b.txt", b"Another text for the same provider.")
    assert set(await world.deliver()) == {204}
    assert (world.embedder.calls, world.document(other_id).retry_at) == ([], until)
    await world.sweep(timedelta(seconds=299))
    assert await world.deliver() == []
    await world.sweep(timedelta(seconds=1))
    await world.deliver()
    statuses = {world.document(each).status for each in (document_id, other_id)}
    assert statuses == {DocumentStatus.READY}


async def test_a_document_that_is_deleted_on_its_way_stops_quietly(world: World) -> None:
    document_id = await world.upload("long.txt", LONG)
    for topic in ("extract-document", "chunk-document"):
        await FUNCTIONS[topic].push(published(world, topic)[0])
    del world.store.documents[document_id]
    assert set(await world.deliver()) == {204}
    assert (world.embedder.calls, world.store.chunks) == ([], {})


@pytest.mark.parametrize("topic", FUNCTIONS)
async def test_a_message_for_no_document_is_acknowledged(world: World, topic: str) -> None:
    reply = await FUNCTIONS[topic].push(payload("stage_message"))
    assert (reply.status, world.store.steps, world.queue.topics) == (204, {}, {})


@pytest.mark.parametrize("topic", FUNCTIONS)
@pytest.mark.parametrize("change", [{"generation": 0}, {"shard": -1}, {"document_id": None}, {"generation": "x"}])
async def test_a_malformed_message_is_dropped(world: World, topic: str, change: dict[str, object]) -> None:
    reply = await FUNCTIONS[topic].push(payload("stage_message", **change))
    assert (reply.status, world.store.steps) == (204, {})


async def test_a_message_of_the_next_release_is_read(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    [body] = published(world, "extract-document")
    assert (await FUNCTIONS["extract-document"].push(body | {"priority": "high"})).status == 204
    assert world.document(document_id).status is DocumentStatus.CHUNKING


async def test_the_sweep_drives_a_document_whose_message_was_lost(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    while world.document(document_id).status is not DocumentStatus.READY:
        world.queue.topics.clear()
        assert (await world.sweep(timedelta(minutes=15))).status == 204
        for topic in FUNCTIONS:
            for body in published(world, topic):
                await FUNCTIONS[topic].push(body)
    assert len(world.store.chunks) == world.document(document_id).chunks


@pytest.mark.parametrize("error", [UnavailableError("The store is away."), KeyError("pages")])
async def test_the_sweep_looks_at_others_when_one_cannot_be_driven(world: World, error: Exception) -> None:
    document_ids = [await world.upload(f"{name}.txt", TEXT + name) for name in (b"a", b"b")]
    world.queue.topics.clear()
    world.hook.errors["before load"] = [error]
    assert (await world.sweep(timedelta(minutes=15))).status == 204
    # Both are due since the same moment, so that they are looked at by their ids.
    assert [body["document_id"] for body in published(world, "extract-document")] == [max(document_ids)]


async def test_the_chunks_are_those_of_the_live_generation_in_reading_order(world: World) -> None:
    document = await world.learn("long.txt", LONG)
    found, cursor = [], None
    while True:
        asked = {"document_id": document.id, "page_size": 50, "cursor": cursor}
        page = (await CHUNKS.call(asked, token="alice")).result
        found += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert [item["ordinal"] for item in found] == list(range(document.chunks or 0))
    assert set(found[0]) == {"id", "ordinal", "text", "place", "flags"}


async def test_a_document_that_is_not_live_yet_shows_no_chunks(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    page = (await CHUNKS.rest("GET", f"/api/v1/documents/{document_id}/chunks", token="alice")).json
    assert page == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("document_id", ["mine", "none"])
async def test_a_foreign_document_answers_as_a_missing_one(world: World, document_id: str) -> None:
    mine = await world.learn("a.txt", TEXT)
    asked = mine.id if document_id == "mine" else document_id
    error = (await CHUNKS.call({"document_id": asked}, token="bob")).error
    assert (error["status"], error["message"]) == ("NOT_FOUND", "There is no such document.")
