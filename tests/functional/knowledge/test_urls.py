"""A page is fetched and learned as a file is; what its server, its robots.txt or its size say ends in a sentence or heals."""

from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import ResourceExhaustedError, SynapseError, UnavailableError
from shared.domain.account import Account
from shared.domain.document import Document, DocumentStatus, FailureCode
from shared.domain.fetching import SERVER_TRIES
from shared.domain.plan import FREE, Stock
from tests.functional.harness import client_for
from tests.functional.knowledge.world import START, World, payload, published
from tests.memory.web import MemoryPage

SUBMIT = client_for("submit_url")
FETCH = client_for("fetch_url")
REFRESH = client_for("refresh_documents")
NOTICE = client_for("on_upload")
URL = "https://example.com/whales/"
HTML = b"<html><head><title>Of  whales</title></head><body><p>Blue whales eat krill, up to four tonnes a day.</p></body></html>"
# Quicker to read than a page, for what does not depend on it.
TEXT = b"Blue whales eat krill, up to four tonnes a day."
NEWER = TEXT.replace(b"four tonnes", b"five tonnes")


async def submit(**changes: Any) -> dict[str, Any]:
    """Alice submits the recorded address, with changes; the document as it is shown."""
    shown: dict[str, Any] = (await SUBMIT.call(payload("submit_url", **changes), token="alice")).result
    return shown


async def learn(world: World, **changes: Any) -> Document:
    """As `submit`, and every message is delivered; the document in its end."""
    shown = await submit(**changes)
    assert set(await world.deliver()) == {204}
    return world.document(shown["id"])


def serve(world: World, content: bytes = TEXT, url: str = URL, **page: Any) -> None:
    world.web.pages[url] = MemoryPage(content, **{"content_type": "text/plain", **page})


async def test_a_page_is_fetched_learned_and_called_by_its_own_title(world: World) -> None:
    serve(world, HTML, content_type="text/html; charset=utf-8", etag='"1"')
    reply = await SUBMIT.rest("POST", "/api/v1/upload/url", payload("submit_url"), token="alice")
    assert reply.status == 201
    shown = reply.json
    assert (shown["status"], shown["source"], shown["url"], shown["size_bytes"]) == ("fetching", "url", URL, 0)
    assert set(await world.deliver()) == {204}

    document = world.document(shown["id"])
    assert (document.status, document.title, document.content_type) == (DocumentStatus.READY, "Of whales", "text/html")
    assert document.web
    assert (document.web.final_url, document.web.etag, document.refresh_at) == (URL, '"1"', None)
    assert (await world.blobs.read(document.blob)) == HTML
    assert world.store.stock["alice"] == Stock(documents=1, bytes=len(HTML))
    assert "four tonnes" in next(iter(world.store.chunks.values())).chunk.text


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.com/", "https://alice@example.com/", "https://example.com:22/", "http://127.0.0.1/", "http://0x7f.1/"),
        *(
            "http://[::ffff:10.0.0.1]/",
            "https://localhost/",
            "http://metadata.google.internal/",
            "https://",
            "no address",
            "file:///x",
        ),
        f"https://example.com/{'x' * 2000}",
    ],
)
async def test_an_address_that_is_not_fetched_is_refused_at_once(world: World, url: str) -> None:
    error = (await SUBMIT.call(payload("submit_url", url=url), token="alice")).error
    assert (error["status"], error["details"]["field"]) == ("INVALID_ARGUMENT", "url")
    assert (world.store.documents, world.web.asked) == ({}, [])


@pytest.mark.parametrize(
    "change", [{"scope": "world"}, {"max_pages": 201}, {"max_depth": 6}, {"refresh": "hourly"}, {"title": "a\nb"}, {"depth": 1}]
)
async def test_a_wrong_field_is_refused_by_name(change: dict[str, Any]) -> None:
    error = (await SUBMIT.call(payload("submit_url", **change), token="alice")).error
    assert (error["status"], error["details"]["field"]) == ("INVALID_ARGUMENT", next(iter(change)))


@pytest.mark.parametrize(("token", "bot_id"), [("bob", "bot"), ("alice", "absent")])
async def test_anothers_bot_is_a_missing_one(world: World, token: str, bot_id: str) -> None:
    error = (await SUBMIT.call(payload("submit_url", bot_id=bot_id), token=token)).error
    assert (error["status"], error["details"]["field"]) == ("NOT_FOUND", "bot_id")
    assert world.store.documents == {}


async def test_a_given_title_stays(world: World) -> None:
    serve(world)
    assert (await learn(world, title="Mine")).title == "Mine"


@pytest.mark.parametrize(
    ("content", "content_type", "kind"),
    [
        (b"%PDF-1.7 and so on", "text/html", "application/pdf"),
        (b"# Whales\n\nThey eat.", "text/markdown", "text/markdown"),
        (b"<!doctype html><p>Whales eat.", "application/octet-stream", "text/html"),
    ],
)
async def test_what_it_is_is_told_by_the_content(world: World, content: bytes, content_type: str, kind: str) -> None:
    serve(world, content, content_type=content_type)
    shown = await submit()
    [message] = published(world, "fetch-url")
    assert (await FETCH.push(message)).status == 204
    assert (world.document(shown["id"]).content_type, world.document(shown["id"]).status) == (kind, DocumentStatus.RECEIVED)


async def test_the_same_address_twice_is_one_document_whose_next_generation_is_fetched(world: World) -> None:
    serve(world)
    first = await learn(world)
    serve(world, NEWER)
    second = await learn(world, url=f"{URL}#part")
    assert (first.id, second.generation, second.live_generation) == (second.id, 2, 2)
    assert world.store.stock["alice"].documents == 1
    assert "five tonnes" in next(iter(world.store.chunks.values())).chunk.text


async def test_what_did_not_change_is_not_embedded_again(world: World) -> None:
    serve(world)
    await learn(world)
    paid = list(world.embedder.embedded)
    assert ((await learn(world)).live_generation, world.embedder.embedded) == (2, paid)


async def test_an_address_that_is_being_fetched_is_answered_as_it_is(world: World) -> None:
    serve(world)
    assert (await submit())["id"] == (await submit())["id"]
    assert world.store.stock["alice"].documents == 1
    await world.deliver()
    assert {document.value.generation for document in world.store.documents.values()} == {1}


async def test_one_that_is_being_deleted_is_refused(world: World) -> None:
    serve(world)
    document = await learn(world)
    await client_for("delete_document").call({"document_id": document.id}, token="alice")
    error = (await SUBMIT.call(payload("submit_url"), token="alice")).error
    assert (error["status"], error["details"]["field"]) == ("FAILED_PRECONDITION", "url")


async def test_the_buckets_notice_of_a_fetched_page_changes_nothing(world: World) -> None:
    serve(world)
    document = await learn(world)
    stat = await world.blobs.stat(document.blob)
    assert stat
    assert (await NOTICE.notify(stat.name, stat.size_bytes, stat.md5, stat.content_type)).status == 204
    assert (world.document(document.id), await world.deliver()) == (document, [])


async def test_robots_txt_is_asked_once_and_obeyed(world: World) -> None:
    serve(world)
    serve(world, b"User-agent: SynapseOD\nDisallow: /whales/\n", "https://example.com/robots.txt", content_type="text/plain")
    failed = await learn(world)
    assert (failed.status, failed.failure and failed.failure.code) == (DocumentStatus.FAILED, FailureCode.ROBOTS)
    await learn(world)
    assert world.web.asked == ["https://example.com/robots.txt"]
    world.now += timedelta(hours=2)
    del world.web.pages["https://example.com/robots.txt"]
    assert (await learn(world)).status is DocumentStatus.READY


async def test_robots_txt_of_the_host_that_a_redirect_leads_to_is_asked_too(world: World) -> None:
    serve(world, redirect="https://other.example.com/closed")
    serve(world, url="https://other.example.com/closed")
    serve(world, b"User-agent: *\nDisallow: /closed", "https://other.example.com/robots.txt")
    failed = await learn(world)
    assert failed.failure
    assert failed.failure.code is FailureCode.ROBOTS
    assert "https://other.example.com/closed" not in world.web.asked


@pytest.mark.parametrize("location", ["http://169.254.169.254/latest", "https://10.0.0.1/", "gopher://example.com/"])
async def test_a_redirect_to_where_pages_are_not_fetched_from_fails_the_document(world: World, location: str) -> None:
    serve(world, redirect=location)
    failed = await learn(world)
    assert failed.failure
    assert (failed.failure.code, failed.failure.can_retry) == (FailureCode.FETCH_REFUSED, False)


async def test_a_page_that_is_not_there_fails_with_a_sentence(world: World) -> None:
    failed = await learn(world)
    assert failed.failure
    assert (failed.status, failed.failure.code) == (DocumentStatus.FAILED, FailureCode.FETCH_FAILED)
    assert not failed.failure.can_retry
    assert world.store.stock["alice"] == Stock(documents=1)


async def test_a_page_without_content_fails_with_a_sentence_of_its_own(world: World) -> None:
    serve(world, b"")
    failed = await learn(world)
    assert failed.failure
    assert (failed.failure.code, "sent nothing" in failed.failure.message) == (FailureCode.EMPTY, True)


async def test_a_server_that_is_down_is_asked_again_and_at_last_given_up_with_a_sentence(world: World) -> None:
    serve(world, error=lambda: UnavailableError("down"))
    shown = await submit()
    [message] = published(world, "fetch-url")
    assert [(await FETCH.push(message)).status for _ in range(SERVER_TRIES)] == [503] * (SERVER_TRIES - 1) + [204]
    failed = world.document(shown["id"])
    assert failed.failure
    assert (failed.failure.code, failed.failure.can_retry) == (FailureCode.FETCH_FAILED, True)
    assert failed.failure.message.startswith("down It was asked 6 times.")


@pytest.mark.parametrize("again", ["reprocess_document", "submit_url"])
async def test_a_server_that_is_back_is_asked_at_once_by_whoever_asks_again(world: World, again: str) -> None:
    serve(world, error=lambda: UnavailableError("down"))
    shown = await submit()
    [message] = published(world, "fetch-url")
    for _ in range(SERVER_TRIES):
        await FETCH.push(message)
    serve(world)
    await client_for(again).call(payload("submit_url") if again == "submit_url" else {"document_id": shown["id"]}, token="alice")
    assert set(await world.deliver()) == {204}
    assert world.document(shown["id"]).status is DocumentStatus.READY


async def test_a_message_that_no_delivery_could_finish_is_the_servers_failure_too(world: World) -> None:
    serve(world, error=lambda: UnavailableError("down"))
    shown = await submit()
    [message] = published(world, "fetch-url")
    attributes = {"CloudPubSubDeadLetterSourceSubscription": "fetch-url"}
    assert (await client_for("record_dead_letter").push(message, attributes=attributes, message_id="17")).status == 204
    failure = world.document(shown["id"]).failure
    assert failure
    assert (failure.code, failure.can_retry) == (FailureCode.FETCH_FAILED, True)


async def test_a_server_that_asks_for_patience_gets_it(world: World) -> None:
    serve(world, error=lambda: ResourceExhaustedError("later", retry_after_seconds=300))
    shown = await submit()
    assert await world.deliver() == [204]
    assert world.document(shown["id"]).retry_at == START + timedelta(seconds=300)
    serve(world)
    await world.sweep(timedelta(seconds=301))
    await world.deliver()
    assert world.document(shown["id"]).status is DocumentStatus.READY


async def test_what_the_plan_has_no_room_for_is_not_kept(world: World) -> None:
    serve(world, b"<html>" + b"x" * 2000)
    world.store.accounts["alice"] = Account(id="alice", created_at=START)
    world.store.stock["alice"] = Stock(bytes=FREE.stock.bytes - 1000)
    failed = await learn(world)
    assert failed.failure
    assert (failed.failure.code, failed.size_bytes) == (FailureCode.OVER_QUOTA, 0)
    assert world.store.stock["alice"] == Stock(bytes=FREE.stock.bytes - 1000, documents=1)
    assert world.blobs.objects == {}


async def test_a_page_that_is_too_large_or_no_text_fails_as_a_file_would(world: World) -> None:
    serve(world, b"x" * 1_000_001)
    serve(world, b"\x7fELF" + bytes(range(256)), "https://example.com/program", content_type="application/x-elf")
    large, program = await learn(world), await learn(world, url="https://example.com/program")
    assert [one.failure.code for one in (large, program) if one.failure] == [FailureCode.TOO_LARGE, FailureCode.UNSUPPORTED_TYPE]


@pytest.mark.parametrize(
    "moment", ["before fetch", "after fetch", "before resize", "after resize", "before upload", "after upload"]
)
async def test_a_failing_port_is_made_up_for_by_the_next_delivery(world: World, moment: str) -> None:
    serve(world)
    world.hook.errors[moment] = [UnavailableError("gone")]
    shown = await submit()
    [message] = published(world, "fetch-url")
    assert (await FETCH.push(message)).status == 503
    assert (await FETCH.push(message)).status == 204
    assert set(await world.deliver()) == {204}
    assert world.document(shown["id"]).status is DocumentStatus.READY
    assert world.store.stock["alice"] == Stock(documents=1, bytes=len(TEXT))


async def due(world: World) -> None:
    """A day later the schedule asks, and what it asked for is delivered."""
    world.now += timedelta(days=1)
    assert (await REFRESH.schedule()).status in {200, 204}
    assert set(await world.deliver()) <= {204}


async def test_an_unchanged_page_costs_a_question_a_day(world: World) -> None:
    serve(world, etag='"1"')
    document = await learn(world, refresh="daily")
    assert document.refresh_at == START + timedelta(days=1)
    await due(world)
    assert world.document(document.id) == document.model_copy(update={"refresh_at": START + timedelta(days=2)})


async def test_the_view_says_when_a_page_is_looked_at_again_until_it_is_submitted_without(world: World) -> None:
    serve(world)
    shown = await submit(refresh="weekly")
    assert (shown["refresh"], shown["refresh_at"]) == ("weekly", f"{START + timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}")
    await world.deliver()
    again = await submit()
    assert (again["id"], again["refresh"], again["refresh_at"]) == (shown["id"], "never", None)


async def test_equal_bytes_under_another_tag_change_nothing_either(world: World) -> None:
    serve(world, etag='"1"')
    document = await learn(world, refresh="daily")
    serve(world, etag='"2"')
    await due(world)
    assert world.document(document.id).generation == 1


async def test_a_changed_page_is_learned_anew(world: World) -> None:
    serve(world, etag='"1"')
    document = await learn(world, refresh="daily")
    serve(world, NEWER + b" ", etag='"2"')
    await due(world)
    again = world.document(document.id)
    assert (again.status, again.live_generation, again.size_bytes) == (DocumentStatus.READY, 2, len(NEWER) + 1)
    assert again.refresh_at == START + timedelta(days=2)
    assert world.store.stock["alice"] == Stock(documents=1, bytes=len(NEWER) + 1)
    assert "five tonnes" in next(iter(world.store.chunks.values())).chunk.text


@pytest.mark.parametrize(
    ("error", "later"),
    [
        (UnavailableError("down"), timedelta(hours=1)),
        (ResourceExhaustedError("later"), timedelta(hours=1)),
        (None, timedelta(days=1)),
    ],
)
async def test_a_refresh_that_fails_leaves_what_was_learned(world: World, error: SynapseError | None, later: timedelta) -> None:
    serve(world)
    document = await learn(world, refresh="daily")
    chunks = dict(world.store.chunks)
    if error:
        serve(world, error=lambda: error)
    else:
        del world.web.pages[URL]
    await due(world)
    assert world.document(document.id) == document.model_copy(update={"refresh_at": world.now + later})
    assert world.store.chunks == chunks


async def test_a_refresh_that_dies_before_the_bytes_are_kept_is_done_again(world: World) -> None:
    serve(world, etag='"1"')
    document = await learn(world, refresh="daily")
    serve(world, NEWER, etag='"2"')
    world.hook.errors["before upload"] = [UnavailableError("The bucket is away.")]
    world.now += timedelta(days=1)
    await REFRESH.schedule()
    [message] = published(world, "fetch-url")
    assert [(await FETCH.push(message)).status for _ in "ab"] == [503, 204]
    assert await world.deliver()
    again = world.document(document.id)
    assert (again.live_generation, again.size_bytes, again.web and again.web.etag) == (2, len(NEWER), '"2"')
    assert "five tonnes" in next(iter(world.store.chunks.values())).chunk.text


async def test_a_page_that_was_away_and_is_back_as_it_was_is_learned_again(world: World) -> None:
    serve(world)
    document = await learn(world, refresh="daily")
    page = world.web.pages.pop(URL)
    away = await learn(world, refresh="daily")
    assert away.failure
    assert (away.failure.code, away.failure.can_retry, away.live_generation) == (FailureCode.FETCH_FAILED, False, 1)
    world.web.pages[URL] = page
    await due(world)
    back = world.document(document.id)
    assert (back.status, back.failure) == (DocumentStatus.READY, None)


async def test_what_is_said_of_a_page_on_its_way_holds_from_then_on(world: World) -> None:
    serve(world, HTML, content_type="text/html")
    first = await submit(refresh="daily")
    again = await submit(refresh="never")
    named = await submit(refresh="weekly", title="Mine")
    assert await world.deliver()
    document = world.document(first["id"])
    assert (again["refresh"], again["refresh_at"], again["generation"]) == ("never", None, 1)
    assert (named["title"], document.title, document.generation) == ("Mine", "Mine", 1)
    assert document.refresh_at == START + timedelta(days=7)


@pytest.mark.parametrize("moment", ["before upload", "after upload", "after resize", "before replace", "after replace"])
async def test_a_refresh_that_dies_on_the_way_is_made_up_for(world: World, moment: str) -> None:
    serve(world)
    document = await learn(world, refresh="daily")
    serve(world, NEWER)
    world.now += timedelta(days=1)
    await REFRESH.schedule()
    [message] = published(world, "fetch-url")
    world.hook.errors[moment] = [UnavailableError("gone")]
    assert (await FETCH.push(message)).status == 503
    assert (await FETCH.push(message)).status == 204
    await world.sweep(timedelta(minutes=5))
    await due(world)
    again = world.document(document.id)
    assert (again.status, again.live_generation) == (DocumentStatus.READY, 2)
    assert "five tonnes" in next(iter(world.store.chunks.values())).chunk.text
