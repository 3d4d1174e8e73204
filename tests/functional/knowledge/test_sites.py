"""A site is walked politely and within its bounds; each page is a document under it, and the walk survives what kills it."""

import gzip
import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from shared.core.errors import InternalError, ResourceExhaustedError, SynapseError, UnavailableError
from shared.domain.blob import frontier_name
from shared.domain.document import Document, DocumentSource, DocumentStatus, FailureCode, RejectedFileError
from shared.domain.ending import broke, upload_expired
from shared.domain.fetching import SERVER_TRIES
from shared.domain.plan import FREE, Stock
from shared.services.sites import MOST_PUT_OFF
from tests.functional.harness import client_for
from tests.functional.knowledge.deleting import delete
from tests.functional.knowledge.test_urls import FETCH, NOTICE, REFRESH, submit
from tests.functional.knowledge.world import World, published
from tests.memory.web import MemoryPage

ROOT = "https://example.com/docs/"
ROBOTS = "https://example.com/robots.txt"


def page(title: str, *links: str, head: str = "") -> MemoryPage:
    anchors = "".join(f'<a href="{link}">more</a>' for link in links)
    text = f"<html><head><title>{title}</title>{head}</head><body><p>All about {title}.</p>{anchors}</body></html>"
    return MemoryPage(text.encode())


def publish(world: World) -> None:
    """A site of three pages in the section, and what lies around it."""
    world.web.pages |= {
        ROOT: page("Start", "a.html", "/docs/b.html#part", "../blog/", "https://other.example.com/docs/", "mailto:a@b.c"),
        f"{ROOT}a.html": page("A", "b.html", "deep/c.html"),
        f"{ROOT}b.html": page("B", "./", "a.html?utm_source=x"),
        f"{ROOT}deep/c.html": page("C", "d.html"),
        f"{ROOT}deep/d.html": page("D"),
        "https://example.com/blog/": page("Blog"),
    }


async def finish(world: World) -> None:
    """The bucket tells of each new object, and everything is delivered."""
    for name in list(world.blobs.objects):
        stat = await world.blobs.stat(name)
        if stat and name.startswith("uploads/"):
            assert (await NOTICE.notify(name, stat.size_bytes, stat.md5, stat.content_type)).status == 204
    assert set(await world.deliver()) <= {204}


async def fetch(world: World) -> None:
    """Deliver what asks for fetches alone: reading the pages takes a second."""
    for message in published(world, "fetch-url"):
        assert (await FETCH.push(message)).status == 204


async def walk(world: World, **changes: Any) -> Document:
    """Submit the section and let it be walked; the site's document."""
    shown = await submit(**{"url": ROOT, "scope": "section", **changes})
    await fetch(world)
    return world.document(shown["id"])


def children(world: World, site: Document) -> dict[str, Document]:
    every = (stored.value for stored in world.store.documents.values())
    return {document.title: document for document in every if document.parent_id == site.id}


async def test_a_section_is_learned_page_by_page_each_fetched_once(world: World) -> None:
    publish(world)
    site = await walk(world)
    await finish(world)
    found = children(world, site)
    assert (site.status, site.source, site.pages, site.notes) == (DocumentStatus.READY, DocumentSource.SITE, 4, ())
    assert set(found) == {"Start", "A", "B", "C"}
    assert {document.status for document in found.values()} == {DocumentStatus.READY}
    assert world.web.asked == [ROBOTS, ROOT, f"{ROOT}a.html", f"{ROOT}b.html", f"{ROOT}deep/c.html"]
    assert world.store.stock["alice"].documents == 5


async def test_depth_and_count_end_the_walk_and_the_notes_tell(world: World) -> None:
    publish(world)
    assert set(children(world, await walk(world, max_depth=1))) == {"Start", "A", "B"}
    few = await walk(world, url=f"{ROOT}index", max_pages=1)
    assert few.status is DocumentStatus.FAILED
    world.web.pages[f"{ROOT}index"] = page("Index", "a.html", "b.html")
    few = await walk(world, url=f"{ROOT}index", max_pages=1)
    assert (few.pages, few.notes) == (1, ("2 more addresses were found; the walk ends after 1 page.",))


async def test_wishes_of_the_site_are_respected(world: World) -> None:
    publish(world)
    world.web.pages[ROBOTS] = MemoryPage(b"User-agent: *\nDisallow: /docs/b", content_type="text/plain")
    world.web.pages[f"{ROOT}a.html"] = page("A", "deep/c.html", head='<meta name="robots" content="noindex, nofollow">')
    site = await walk(world)
    assert set(children(world, site)) == {"Start"}
    assert site.notes == ("2 pages are closed to programs by the site's own wish.",)


async def test_a_page_that_fails_is_told_of_and_the_others_are_learned(world: World) -> None:
    publish(world)
    del world.web.pages[f"{ROOT}b.html"]
    world.web.pages[f"{ROOT}a.html"] = MemoryPage(error=lambda: UnavailableError("down"))
    site = await walk(world)
    assert (site.status, set(children(world, site))) == (DocumentStatus.READY, {"Start"})
    assert site.notes == (f"2 pages could not be read: {ROOT}a.html, {ROOT}b.html.",)


async def test_a_site_whose_first_page_is_missing_fails(world: World) -> None:
    site = await walk(world)
    assert site.failure
    assert site.failure.code is FailureCode.FETCH_FAILED


async def test_a_plan_without_room_ends_the_walk_with_what_there_is(world: World) -> None:
    publish(world)
    world.store.stock["alice"] = Stock(documents=FREE.stock.documents - 2)
    site = await walk(world)
    assert (site.status, site.pages) == (DocumentStatus.READY, 1)
    assert "limit" in site.notes[0]


MOVED = [("http://example.com/docs/", ROOT), ("https://www.example.com/docs/", ROOT), ("https://example.com/docs", ROOT)]


@pytest.mark.parametrize(("start", "led"), [*MOVED, ("https://old.example.org/", ROOT)])
async def test_a_site_that_has_moved_is_walked_where_it_is_by_now(world: World, start: str, led: str) -> None:
    publish(world)
    world.web.pages |= {
        start: MemoryPage(redirect=led),
        ROOT: page("Start", "a.html", "http://example.com/docs/b.html", "/blog/", "http://example.com/docs/"),
    }
    site = await walk(world, url=start)
    assert (site.status, site.pages, site.notes) == (DocumentStatus.READY, 4, ())
    assert {child.url for child in children(world, site).values()} == {
        *(ROOT, f"{ROOT}a.html", f"{ROOT}b.html", f"{ROOT}deep/c.html")
    }


async def test_a_walk_that_an_older_release_began_goes_on(world: World) -> None:
    publish(world)
    shown = await submit(url=ROOT, scope="section")
    older = {"waiting": [[f"{ROOT}a.html", 1]], "seen": [ROOT, f"{ROOT}a.html"], "visited": 1, "learned": 1, "closed": 0}
    older |= {"put_off": 0, "failed": [], "stopped": ""}
    await world.blobs.write(frontier_name(shown["id"], 1), json.dumps(older).encode(), "application/json")
    await fetch(world)
    assert set(children(world, world.document(shown["id"]))) == {"A", "B", "C"}


async def test_pages_that_lead_out_of_the_site_are_told_of(world: World) -> None:
    publish(world)
    world.web.pages[f"{ROOT}a.html"] = MemoryPage(redirect="https://example.com/blog/")
    site = await walk(world)
    assert set(children(world, site)) == {"Start", "B"}
    assert site.notes == ("1 page leads out of the site.",)


NO_INDEX = '<meta name="robots" content="noindex">'


@pytest.mark.parametrize(
    ("first", "code", "words"),
    [
        (page("Closed", head=NO_INDEX), FailureCode.ROBOTS, "1 page is closed to programs by the site's own wish."),
        (MemoryPage(redirect="https://other.example.com/"), FailureCode.EMPTY, "1 page leads out of the site."),
        (MemoryPage(redirect="https://example.com/none"), FailureCode.FETCH_FAILED, f"1 page could not be read: {ROOT}."),
    ],
)
async def test_a_walk_that_learned_nothing_fails_and_says_why(
    world: World, first: MemoryPage, code: FailureCode, words: str
) -> None:
    world.web.pages |= {
        ROOT: first,
        "https://example.com/sitemap.xml": sitemap(ROOT),
        "https://other.example.com/": page("Other"),
    }
    site = await walk(world, url="https://example.com/sitemap.xml", scope="sitemap")
    assert site.failure
    assert (site.failure.code, site.failure.message) == (code, f"No page of the site was learned. {words}")


async def test_a_plan_without_any_room_fails_the_site(world: World) -> None:
    publish(world)
    world.store.stock["alice"] = Stock(documents=FREE.stock.documents - 1)
    site = await walk(world)
    assert site.failure
    assert site.failure.code is FailureCode.OVER_QUOTA
    assert "limit" in site.failure.message


@pytest.mark.parametrize(
    "moment", ["before fetch", "before create", "after create", "after upload", "before write", "after write"]
)
async def test_a_walk_that_dies_is_taken_up_where_it_stood(world: World, moment: str) -> None:
    publish(world)
    shown = await submit(url=ROOT, scope="section")
    [message] = published(world, "fetch-url")
    world.hook.errors[moment] = [UnavailableError("gone")]
    assert (await FETCH.push(message)).status in {204, 503}
    assert (await FETCH.push(message)).status == 204
    await fetch(world)
    found = children(world, world.document(shown["id"]))
    assert set(found) == {"Start", "A", "B", "C"}
    assert {document.blob for document in found.values()} <= world.blobs.objects.keys()


async def test_a_host_that_asks_for_patience_is_walked_on_later(world: World) -> None:
    publish(world)
    patient = world.web.pages[f"{ROOT}b.html"]
    world.web.pages[f"{ROOT}b.html"] = MemoryPage(error=lambda: ResourceExhaustedError("later", retry_after_seconds=60))
    site = await walk(world)
    assert site.status is DocumentStatus.FETCHING
    world.web.pages[f"{ROOT}b.html"] = patient
    await world.sweep(timedelta(seconds=61))
    await fetch(world)
    assert world.document(site.id).pages == 4
    assert world.web.asked.count(ROOT) == 1


async def test_a_page_whose_server_always_asks_for_patience_is_left_out_in_the_end(world: World) -> None:
    publish(world)
    world.web.pages[f"{ROOT}b.html"] = MemoryPage(error=lambda: ResourceExhaustedError("later", retry_after_seconds=0))
    site = await walk(world)
    for _ in range(MOST_PUT_OFF - 1):
        assert world.document(site.id).status is DocumentStatus.FETCHING
        await world.sweep(timedelta(seconds=61))
        await fetch(world)
    site = world.document(site.id)
    assert (site.status, set(children(world, site))) == (DocumentStatus.READY, {"Start", "A", "C"})
    assert site.notes == (f"1 page could not be read: {ROOT}b.html.",)


async def test_pages_that_each_ask_for_patience_once_are_all_learned(world: World) -> None:
    names = [f"p{number}.html" for number in range(MOST_PUT_OFF + 1)]
    world.web.pages[ROOT] = page("Start", *names)

    def ask_once(name: str) -> ResourceExhaustedError:
        world.web.pages[f"{ROOT}{name}"] = page(name)
        return ResourceExhaustedError("later", retry_after_seconds=0)

    world.web.pages |= {f"{ROOT}{name}": MemoryPage(error=partial(ask_once, name)) for name in names}
    site = await walk(world)
    for _ in names:
        await world.sweep(timedelta(seconds=61))
        await fetch(world)
    site = world.document(site.id)
    assert (site.status, site.pages, site.notes) == (DocumentStatus.READY, len(names) + 1, ())


@pytest.mark.parametrize("error", [UnavailableError("down"), RejectedFileError(FailureCode.FETCH_REFUSED, "Not called.")])
async def test_a_wish_for_pauses_that_is_not_told_fails_nothing(world: World, error: SynapseError) -> None:
    def late() -> UnavailableError:
        # Its rules are known for an hour alone.
        world.now += timedelta(hours=2)
        world.web.pages[ROBOTS] = MemoryPage(error=lambda: error)
        return UnavailableError("down")

    publish(world)
    world.web.pages[f"{ROOT}b.html"] = MemoryPage(error=late)
    site = await walk(world, max_depth=1)
    assert (site.status, set(children(world, site))) == (DocumentStatus.READY, {"Start", "A"})


@pytest.mark.parametrize("moment", ["before create", "before upload"])
async def test_trouble_of_our_own_leaves_no_page_out(world: World, moment: str) -> None:
    def down() -> UnavailableError:
        world.hook.errors[moment] = [UnavailableError("Our own store is away.")]
        return UnavailableError("The page's server is away.")

    publish(world)
    world.web.pages[f"{ROOT}a.html"] = MemoryPage(error=down)
    shown = await submit(url=ROOT, scope="section")
    [message] = published(world, "fetch-url")
    assert [(await FETCH.push(message)).status for _ in range(2)] == [503, 204]
    site = world.document(shown["id"])
    assert (site.status, set(children(world, site))) == (DocumentStatus.READY, {"Start", "B"})
    assert site.notes == (f"1 page could not be read: {ROOT}a.html.",)


async def test_a_page_that_reads_otherwise_each_time_survives_a_death_before_its_object(world: World) -> None:
    publish(world)
    shown = await submit(url=ROOT, scope="section")
    [message] = published(world, "fetch-url")
    world.hook.errors["before upload"] = [InternalError("The instance is gone.")]
    assert (await FETCH.push(message)).status == 503
    world.web.pages[ROOT] = page("Start, told at another time", "a.html")
    assert (await FETCH.push(message)).status == 204
    await finish(world)
    found = children(world, world.document(shown["id"]))
    assert {document.status for document in found.values()} == {DocumentStatus.READY}
    assert "Start, told at another time" in found


async def test_a_second_walk_learns_what_changed_and_nothing_else(world: World) -> None:
    publish(world)
    site = await walk(world, refresh="weekly")
    await finish(world)
    world.web.pages[f"{ROOT}a.html"] = page("A2", "b.html", "deep/c.html")
    world.now += timedelta(days=7)
    await REFRESH.schedule()
    await world.deliver()
    await finish(world)
    again = children(world, site)
    assert {title: document.live_generation for title, document in again.items()} == {"Start": 1, "A2": 2, "B": 1, "C": 1}
    assert (world.document(site.id).status, world.document(site.id).generation) == (DocumentStatus.READY, 2)


async def walk_again(world: World) -> None:
    """The weekly look at what Alice's bot knows."""
    world.now += timedelta(days=7)
    await REFRESH.schedule()
    await world.deliver()
    await finish(world)


async def test_a_second_walk_in_which_nothing_changed_counts_the_pages_that_are_known(world: World) -> None:
    publish(world)
    site = await walk(world, refresh="weekly")
    await finish(world)
    await walk_again(world)
    again = world.document(site.id)
    assert (again.generation, again.status, again.pages, again.notes) == (2, DocumentStatus.READY, 4, ())


async def test_pages_that_are_gone_in_a_second_walk_are_named_and_go_on_answering(world: World) -> None:
    publish(world)
    site = await walk(world, refresh="weekly")
    await finish(world)
    del world.web.pages[f"{ROOT}a.html"], world.web.pages[f"{ROOT}b.html"]
    world.web.pages[ROOT] = page("Start", "a.html", "b.html", "never.html")
    await walk_again(world)
    gone = "2 pages are gone from the site, or not sent any more; what they taught stays until it is deleted"
    assert world.document(site.id).notes == (
        f"1 page could not be read: {ROOT}never.html.",
        f"{gone}: {ROOT}a.html, {ROOT}b.html.",
    )
    assert children(world, site)["A"].status is DocumentStatus.READY


async def test_a_second_walk_takes_up_a_page_that_broke_though_it_reads_as_before(world: World) -> None:
    publish(world)
    site = await walk(world, refresh="weekly")
    await finish(world)
    broken = children(world, site)["A"].model_copy(update={"status": DocumentStatus.FAILED, "failure": broke()})
    world.store.documents[broken.id] = world.store.stamp(broken)
    world.now += timedelta(days=7)
    await REFRESH.schedule()
    await world.deliver()
    healed = world.document(broken.id)
    assert (healed.status, healed.live_generation, healed.failure) == (DocumentStatus.READY, 2, None)


async def test_a_page_that_is_submitted_by_itself_outlives_its_site(world: World) -> None:
    publish(world)
    site = await walk(world)
    await finish(world)
    own = await submit(url=f"{ROOT}a.html")
    assert own["parent_id"] is None
    await world.deliver()
    await delete("document", site.id)
    await world.deliver()
    assert [stored.value.url for stored in world.store.documents.values()] == [f"{ROOT}a.html"]
    assert world.document(own["id"]).status is DocumentStatus.READY


def sitemap(*urls: str, root: str = "urlset") -> MemoryPage:
    entries = "".join(f"<url><loc> {url} </loc></url>" for url in urls)
    return MemoryPage(f'<?xml version="1.0"?><{root}>{entries}</{root}>'.encode(), content_type="application/xml")


async def test_a_sitemap_index_in_gzip_is_followed_on_its_own_host(world: World) -> None:
    publish(world)
    inner = sitemap(f"{ROOT}a.html", f"{ROOT}b.html", "https://other.example.com/x", "http://127.0.0.1/")
    world.web.pages |= {
        "https://example.com/sitemap.xml": sitemap("https://example.com/pages.xml.gz", root="sitemapindex"),
        "https://example.com/pages.xml.gz": MemoryPage(gzip.compress(inner.content), content_type="application/gzip"),
    }
    site = await walk(world, url="https://example.com/sitemap.xml", scope="sitemap")
    assert (site.status, set(children(world, site))) == (DocumentStatus.READY, {"A", "B"})


@pytest.mark.parametrize("start", ["http://example.com/sitemap.xml", "https://www.example.com/sitemap.xml"])
async def test_a_sitemap_that_has_moved_names_pages_by_either_spelling(world: World, start: str) -> None:
    publish(world)
    other = start.removesuffix("sitemap.xml")
    world.web.pages |= {
        start: MemoryPage(redirect="https://example.com/sitemap.xml"),
        "https://example.com/sitemap.xml": sitemap(f"{ROOT}a.html", f"{other}docs/b.html"),
        "https://www.example.com/docs/b.html": MemoryPage(redirect=f"{ROOT}b.html"),
    }
    site = await walk(world, url=start, scope="sitemap")
    assert (site.status, site.notes) == (DocumentStatus.READY, ())
    assert {child.url for child in children(world, site).values()} == {f"{ROOT}a.html", f"{ROOT}b.html"}


async def test_a_part_of_a_sitemap_that_cannot_be_read_is_told_of(world: World) -> None:
    publish(world)
    index = [f"https://example.com/{name}.xml" for name in ("gone", "pages", "page")]
    world.web.pages |= {
        "https://example.com/sitemap.xml": sitemap(*index, root="sitemapindex"),
        index[1]: sitemap(f"{ROOT}a.html"),
        index[2]: page("A page"),
    }
    site = await walk(world, url="https://example.com/sitemap.xml", scope="sitemap")
    assert (site.status, set(children(world, site))) == (DocumentStatus.READY, {"A"})
    assert site.notes == (f"2 sitemaps could not be read: {index[0]}, {index[2]}.",)


async def test_a_part_of_a_sitemap_whose_server_does_not_answer_is_asked_again_and_then_left_out(world: World) -> None:
    publish(world)
    index = [f"https://example.com/{name}.xml" for name in ("down", "pages")]
    world.web.pages |= {
        "https://example.com/sitemap.xml": sitemap(*index, root="sitemapindex"),
        index[0]: MemoryPage(error=lambda: UnavailableError("down")),
        index[1]: sitemap(f"{ROOT}a.html"),
    }
    shown = await submit(url="https://example.com/sitemap.xml", scope="sitemap")
    [message] = published(world, "fetch-url")
    replies = [(await FETCH.push(message)).status for _ in range(SERVER_TRIES)]
    assert replies == [503] * (SERVER_TRIES - 1) + [204]
    site = world.document(shown["id"])
    assert (site.pages, site.notes) == (1, (f"1 sitemap could not be read: {index[0]}.",))


@pytest.mark.parametrize("start", ["https://example.com/", "https://example.com/docs/", "https://example.com/docs/a.html"])
async def test_a_page_or_folder_in_place_of_a_sitemap_leads_to_the_hosts_usual_one(world: World, start: str) -> None:
    publish(world)
    world.web.pages["https://example.com/sitemap.xml"] = sitemap(f"{ROOT}a.html", f"{ROOT}b.html")
    site = await walk(world, url=start, scope="sitemap")
    assert (site.status, set(children(world, site))) == (DocumentStatus.READY, {"A", "B"})


@pytest.mark.parametrize("start", ["https://example.com/", "https://example.com/docs/a.html"])
async def test_a_host_without_a_sitemap_fails_with_the_address_that_was_tried(world: World, start: str) -> None:
    publish(world)
    failure = (await walk(world, url=start, scope="sitemap")).failure
    assert failure
    assert failure.code is FailureCode.FETCH_FAILED
    assert "https://example.com/sitemap.xml" in failure.message


async def test_a_missing_sitemap_is_not_looked_for_elsewhere(world: World) -> None:
    world.web.pages["https://example.com/sitemap.xml"] = sitemap(f"{ROOT}a.html")
    site = await walk(world, url="https://example.com/news.xml", scope="sitemap")
    assert site.failure
    assert world.web.asked == [ROBOTS, "https://example.com/news.xml"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset><url><loc>&a;</loc></url></urlset>', FailureCode.EMPTY),
        (b"no sitemap", FailureCode.EMPTY),
        (b"\x1f\x8bbroken", FailureCode.CORRUPT),
    ],
)
async def test_a_hostile_or_empty_sitemap_fails_the_site(world: World, content: bytes, code: FailureCode) -> None:
    world.web.pages["https://example.com/sitemap.xml"] = MemoryPage(content)
    site = await walk(world, url="https://example.com/sitemap.xml", scope="sitemap")
    assert site.failure
    assert site.failure.code is code


VIDEO = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
WATCH = (
    b'<script>var ytInitialPlayerResponse = {"playabilityStatus":{"status":"OK"},"captions":{"playerCaptionsTracklistRenderer":'
    b'{"captionTracks":[{"baseUrl":"https://www.youtube.com/api/timedtext?v=x\\u0026lang=en","kind":"asr"},'
    b'{"baseUrl":"https://www.youtube.com/api/timedtext?v=x\\u0026lang=de"}]}},'
    b'"videoDetails":{"title":"Whales at sea"}};</script>'
)
WORDS = (
    b'{"events":[{"tStartMs":0,"segs":[{"utf8":"Blue whales"},{"utf8":" eat krill."}]},'
    b'{"tStartMs":65000,"segs":[{"utf8":"They\\nbreathe."}]}]}'
)


@pytest.mark.parametrize("url", [VIDEO, "https://youtu.be/dQw4w9WgXcQ?si=abc", "https://m.youtube.com/shorts/dQw4w9WgXcQ"])
async def test_a_video_is_learned_by_its_transcript_with_time_marks(world: World, url: str) -> None:
    world.web.pages[VIDEO] = MemoryPage(WATCH)
    world.web.pages["https://www.youtube.com/api/timedtext?v=x&lang=de&fmt=json3"] = MemoryPage(WORDS)
    shown = await submit(url=url)
    await fetch(world)
    document = world.document(shown["id"])
    assert (document.status, document.title) == (DocumentStatus.RECEIVED, "Whales at sea")
    assert document.content_type == "text/markdown"
    text = (await world.blobs.read(document.blob)).decode()
    assert text == "# Whales at sea\n\n[0:00] Blue whales eat krill.\n\n[1:05] They breathe.\n"


@pytest.mark.parametrize(
    ("watch", "words"),
    [
        (b'{"playabilityStatus":{"status":"LOGIN_REQUIRED"}}', b""),
        (b"nothing of a player", b""),
        (WATCH, b""),
        (WATCH, b"<html>"),
        (WATCH, b"[]"),
        (WATCH.replace(b"https://www.youtube.com/api", b"http://127.0.0.1/api"), WORDS),
    ],
)
async def test_a_video_without_words_for_us_fails_with_a_sentence(world: World, watch: bytes, words: bytes) -> None:
    world.web.pages[VIDEO] = MemoryPage(watch)
    world.web.pages["https://www.youtube.com/api/timedtext?v=x&lang=de&fmt=json3"] = MemoryPage(words)
    shown = await submit(url=VIDEO)
    await fetch(world)
    failure = world.document(shown["id"]).failure
    assert failure
    assert failure.code in {FailureCode.FETCH_FAILED, FailureCode.FETCH_REFUSED}


async def test_a_site_that_is_reprocessed_is_walked_again(world: World) -> None:
    publish(world)
    site = await walk(world)
    world.web.pages[f"{ROOT}b.html"] = page("B2")
    del world.web.pages[f"{ROOT}a.html"]
    await client_for("reprocess_document").call({"document_id": site.id}, token="alice")
    await fetch(world)
    again = world.document(site.id)
    assert (again.live_generation, again.pages) == (2, 2)


async def test_a_store_that_is_overrun_is_no_full_plan(world: World) -> None:
    publish(world)
    shown = await submit(url=ROOT, scope="section")
    world.hook.errors["before create"] = [ResourceExhaustedError("Too many requests.", retry_after_seconds=1)]
    await fetch(world)
    site = world.document(shown["id"])
    assert site.status is DocumentStatus.FETCHING
    await world.sweep(timedelta(minutes=1))
    await fetch(world)
    assert (world.document(site.id).status, len(children(world, site))) == (DocumentStatus.READY, 4)


async def test_a_page_whose_bytes_never_came_is_told_of_and_not_counted(world: World) -> None:
    publish(world)
    site = await walk(world, refresh="weekly")
    await finish(world)
    lost = children(world, site)["A"]
    expired = {"status": DocumentStatus.FAILED, "failure": upload_expired(lost)}
    world.store.documents[lost.id] = world.store.stamp(lost.model_copy(update=expired))
    world.now += timedelta(days=7)
    await REFRESH.schedule()
    await world.deliver()
    again = world.document(site.id)
    assert (again.pages, again.notes) == (3, (f"1 page could not be read: {ROOT}a.html.",))
