"""Pages of the web: by the real client against a loopback server, and by the twin; both answer alike."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.adapters.resolver import Resolver
from shared.adapters.web import GuardedWeb
from shared.core.errors import ResourceExhaustedError, UnavailableError
from shared.domain.document import FailureCode, RejectedFileError
from shared.ports.web import Known, Web
from tests.memory.web import MemoryPage, MemoryWeb
from tests.wire.server import Reply, Request, running

ERRORS = {
    503: lambda: UnavailableError("down"),
    429: lambda: ResourceExhaustedError("later", retry_after_seconds=7),
    403: lambda: RejectedFileError(FailureCode.FETCH_FAILED, "no"),
}


@dataclass
class Site:
    """A web with one server, to which pages are published."""

    web: Web
    url: str
    publish: Callable[[str, MemoryPage], None]
    path: Path


@pytest.fixture(params=["memory", "guarded"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Site]:
    pages: dict[str, MemoryPage] = {}
    if request.param == "memory":
        url = "http://127.0.0.1:8080"
        yield Site(MemoryWeb(pages, allow_private=True), url, lambda at, page: pages.update({url + at: page}), tmp_path / "page")
        return
    async with running() as server:
        server.answer = lambda asked: _reply(pages.get(server.url + asked.path), asked)
        web = GuardedWeb(Resolver(allow_private=True), "SynapseOD/1.0")
        yield Site(web, server.url, lambda at, page: pages.update({server.url + at: page}), tmp_path / "page")


def _reply(page: MemoryPage | None, asked: Request) -> Reply:
    if page is None:
        return Reply(status=404)
    if page.error:
        status = next(status for status, error in ERRORS.items() if error is page.error)
        return Reply(status=status, headers={"Retry-After": "7"})
    if page.redirect:
        return Reply(status=302, headers={"Location": page.redirect})
    told = {"ETag": page.etag, "Last-Modified": page.last_modified}
    headers = {name: value for name, value in told.items() if value}
    if page.etag and asked.headers.get("if-none-match") == page.etag:
        return Reply(status=304, headers=headers)
    return Reply((page.content,), 200, headers, content_type=page.content_type)


async def test_a_page_comes_whole_with_what_its_server_says_of_it(site: Site) -> None:
    monday = "Mon, 23 Nov 2026 10:00:00 GMT"
    site.publish("/a?b=c", MemoryPage(b"Whales", "text/plain; charset=utf-8", '"1"', monday))
    fetched = await site.web.fetch(f"{site.url}/a?b=c", site.path, max_bytes=100)
    assert site.path.read_bytes() == b"Whales"
    assert (fetched.url, fetched.size_bytes, fetched.is_unchanged) == (f"{site.url}/a?b=c", 6, False)
    assert (fetched.content_type, fetched.etag, fetched.last_modified) == ("text/plain; charset=utf-8", '"1"', monday)


async def test_what_is_known_is_not_sent_again(site: Site) -> None:
    site.publish("/", MemoryPage(b"Whales", etag='"1"'))
    assert (await site.web.fetch(f"{site.url}/", site.path, max_bytes=100, known=Known('"1"'))).is_unchanged
    assert not (await site.web.fetch(f"{site.url}/", site.path, max_bytes=100, known=Known('"0"'))).is_unchanged


async def test_redirects_are_followed_and_each_address_is_asked_for_admission(site: Site) -> None:
    admitted: list[str] = []

    async def admit(url: str) -> None:
        admitted.append(url)

    site.publish("/a", MemoryPage(redirect=f"{site.url}/b#part"))
    site.publish("/b", MemoryPage(b"Whales"))
    assert (await site.web.fetch(f"{site.url}/a", site.path, max_bytes=100, admit=admit)).url == f"{site.url}/b"
    assert admitted == [f"{site.url}/a", f"{site.url}/b"]


async def test_what_admission_refuses_is_not_called(site: Site) -> None:
    async def refuse(url: str) -> None:
        raise RejectedFileError(FailureCode.ROBOTS, url)

    with pytest.raises(RejectedFileError) as refused:
        await site.web.fetch(f"{site.url}/", site.path, max_bytes=100, admit=refuse)
    assert refused.value.failure is FailureCode.ROBOTS


@pytest.mark.parametrize(("hops", "ends"), [(5, True), (6, False)])
async def test_five_redirects_are_followed_and_no_more(site: Site, hops: int, ends: bool) -> None:  # noqa: FBT001
    for hop in range(hops):
        site.publish(f"/{hop}", MemoryPage(redirect=f"{site.url}/{hop + 1}"))
    site.publish(f"/{hops}", MemoryPage(b"Whales"))
    if ends:
        assert (await site.web.fetch(f"{site.url}/0", site.path, max_bytes=100)).size_bytes == 6
        return
    with pytest.raises(RejectedFileError) as refused:
        await site.web.fetch(f"{site.url}/0", site.path, max_bytes=100)
    assert refused.value.failure is FailureCode.FETCH_FAILED


async def test_a_page_that_is_too_large_is_cut_and_refused(site: Site) -> None:
    site.publish("/", MemoryPage(b"x" * 101))
    with pytest.raises(RejectedFileError) as refused:
        await site.web.fetch(f"{site.url}/", site.path, max_bytes=100)
    assert (refused.value.failure, site.path.read_bytes()) == (FailureCode.TOO_LARGE, b"x" * 100)


@pytest.mark.parametrize("at", ["/absent", "/closed"])
async def test_what_would_come_again_is_a_refusal(site: Site, at: str) -> None:
    site.publish("/closed", MemoryPage(error=ERRORS[403]))
    with pytest.raises(RejectedFileError) as refused:
        await site.web.fetch(site.url + at, site.path, max_bytes=100)
    assert refused.value.failure is FailureCode.FETCH_FAILED


async def test_what_may_pass_says_so_and_when(site: Site) -> None:
    site.publish("/down", MemoryPage(error=ERRORS[503]))
    site.publish("/busy", MemoryPage(error=ERRORS[429]))
    with pytest.raises(UnavailableError):
        await site.web.fetch(f"{site.url}/down", site.path, max_bytes=100)
    with pytest.raises(ResourceExhaustedError) as busy:
        await site.web.fetch(f"{site.url}/busy", site.path, max_bytes=100)
    assert busy.value.retry_after_seconds == 7


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/", "http://a@127.0.0.1/", "http://127.0.0.1:22/"])
async def test_a_redirect_to_what_is_no_page_is_refused(site: Site, location: str) -> None:
    site.publish("/", MemoryPage(redirect=location))
    with pytest.raises(RejectedFileError) as refused:
        await site.web.fetch(f"{site.url}/", site.path, max_bytes=100)
    assert refused.value.failure is FailureCode.FETCH_REFUSED
