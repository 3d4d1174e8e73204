"""What an owner is shown of documents on their way, and what a stranger is not."""

from datetime import timedelta

import pytest

from shared.core.errors import ResourceExhaustedError
from tests.functional.harness import client_for
from tests.functional.knowledge.world import STATUS, TEXT, World

LIST = client_for("list_documents")
SHOWN = {
    "id",
    "bot_id",
    "title",
    "source",
    "content_type",
    "size_bytes",
    "status",
    "is_ready",
    "generation",
    "live_generation",
    "failure",
    "progress",
    "pages",
    "chunks",
    "url",
    "parent_id",
    "duplicate_of",
    "cost",
    "notes",
    "attempt",
    "retry_at",
    "due_at",
    "refresh",
    "refresh_at",
    "activity",
    "stage",
    "created_at",
    "updated_at",
}


async def test_an_upload_that_has_not_begun_awaits_its_bytes(world: World) -> None:
    document_id = await world.create("a.txt", "text/plain", 5)
    status = (await STATUS.rest("GET", f"/api/v1/upload/status/{document_id}", token="alice")).json
    assert set(status) == SHOWN
    assert (status["id"], status["status"], status["is_ready"], status["progress"]) == (document_id, "awaiting_upload", False, {})


async def test_a_learned_document_shows_its_counts(world: World) -> None:
    document = await world.learn("a.txt", TEXT)
    status = (await STATUS.call({"job_id": document.id}, token="alice")).result
    assert (status["status"], status["is_ready"], status["failure"], status["chunks"]) == ("ready", True, None, 1)
    assert status["progress"] == {stage: {"done": 1, "of": 1} for stage in ("extract", "chunk", "embed", "index")}


async def test_a_refused_file_shows_its_sentence(world: World) -> None:
    document = await world.learn("a.txt", b" ")
    status = (await STATUS.call({"job_id": document.id}, token="alice")).result
    assert (status["status"], status["failure"]["code"], status["failure"]["can_retry"]) == ("failed", "empty", False)


async def test_a_wait_for_a_provider_is_shown_until_it_is_over(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    world.embedder.errors = [ResourceExhaustedError("slow down", retry_after_seconds=60)]
    await world.deliver()
    before = (await STATUS.call({"job_id": document_id}, token="alice")).result
    world.now = world.document(document_id).retry_at or world.now
    after = (await STATUS.call({"job_id": document_id}, token="alice")).result
    assert (before["retry_at"] is not None, after["retry_at"]) == (True, None)


@pytest.mark.parametrize("job_id", ["mine", "none"])
async def test_a_foreign_upload_answers_as_a_missing_one(world: World, job_id: str) -> None:
    mine = await world.create("a.txt", "text/plain", 5)
    error = (await STATUS.call({"job_id": mine if job_id == "mine" else job_id}, token="bob")).error
    assert (error["status"], error["message"]) == ("NOT_FOUND", "There is no such upload.")


async def test_the_documents_of_a_bot_are_listed_newest_first_in_pages(world: World) -> None:
    made = []
    for name in ("a.txt", "b.txt", "c.txt"):
        made.append(await world.create(name, "text/plain", 5))
        world.now += timedelta(seconds=1)
    first = (await LIST.rest("GET", "/api/v1/child-bots/bot/documents?page_size=2", token="alice")).json
    rest = (await LIST.call({"bot_id": "bot", "page_size": 2, "cursor": first["next_cursor"]}, token="alice")).result
    assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)
    assert set(first["items"][0]) == SHOWN


async def test_a_cursor_of_another_make_is_refused() -> None:
    error = (await LIST.call({"bot_id": "bot", "cursor": "mine"}, token="alice")).error
    assert (error["status"], "cursor" in str(error)) == ("INVALID_ARGUMENT", True)


@pytest.mark.parametrize(("token", "bot_id"), [("bob", "bot"), ("alice", "none")])
async def test_a_foreign_bots_documents_answer_as_a_missing_bot(token: str, bot_id: str) -> None:
    error = (await LIST.call({"bot_id": bot_id}, token=token)).error
    assert (error["status"], error["message"]) == ("NOT_FOUND", "There is no such bot.")
