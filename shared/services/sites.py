"""Walks a site politely: one request at a time with a pause, within one host and folder, to a depth and a count.

Each page becomes a document under the site's. The walk's state lies in the bucket after every page, so that whoever takes it up
goes on where it stood.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin

from shared.core.errors import (
    AlreadyExistsError,
    DeadlineExceededError,
    NotFoundError,
    QuotaExceededError,
    ResourceExhaustedError,
    SynapseError,
    UnavailableError,
)
from shared.core.log import logger
from shared.domain import fetching as rules
from shared.domain import pipeline as pipeline_rules
from shared.domain.blob import frontier_name
from shared.domain.document import Document, DocumentSource, DocumentStatus, FailureCode, RejectedFileError
from shared.domain.links import is_within, linked, name_of, origin_of, section_led, section_of, secured
from shared.domain.plan import plan_of
from shared.domain.web import Scope, WebSource
from shared.ingest.kinds import Kind
from shared.ingest.links import MOST_PAGE_BYTES, MOST_SITEMAP_BYTES, PageLinks, Sitemap, page_links, sitemap_of
from shared.ports.web import Fetched
from shared.services.batches import JSON
from shared.services.pages import Page, Pages, teaches, unanswered
from shared.services.steps import StepOutput
from shared.services.walks import MOST_WAITING, Walk

SLICE_SECONDS = 240.0
"""How long one delivery walks before the sweep's next one goes on; well inside the stage's own time."""
MOST_PUT_OFF = 5
"""How often a page's server may ask to come later; then the walk goes on without the page."""
_MOST_SITEMAPS = 20
_HEAD_BYTES = 4096


class _SiteIsFullError(Exception):
    """The plan has no room for another page; its message is the limit's sentence."""


@dataclass(frozen=True)
class Sites:
    """The ports that a walk needs."""

    pages: Pages

    async def walk(self, site: Document) -> StepOutput:
        """The stage's work. Raises ResourceExhaustedError where the walk goes on in another delivery."""
        web, clock = site.web or WebSource(), asyncio.get_running_loop().time
        walk, ends = await self._begun(site, web), clock() + SLICE_SECONDS
        while walk.waiting and walk.visited < web.max_pages and not walk.stopped:
            if clock() > ends:
                raise ResourceExhaustedError("A large site is walked in parts.", retry_after_seconds=0.0)
            url, depth = walk.waiting[0]
            await self._visit(site, walk, url, depth)
            del walk.waiting[0]
            walk.visited += 1
            walk.put_off = 0
            await self._save(site, walk)
            await self._pause(url)
        if not walk.learned:
            raise walk.emptiness(web.max_pages)
        return {"pages": walk.learned, "notes": walk.notes(web.max_pages)}

    async def _begun(self, site: Document, web: WebSource) -> Walk:
        try:
            return Walk.loaded(await self.pages.blobs.read(frontier_name(site.id, site.generation)), _bounds(site))
        except NotFoundError:
            walk = Walk([], set(), _bounds(site))
        if web.scope is Scope.SECTION:
            walk.add(site.url or "", 0)
        else:
            for address in await self._addresses(site, walk):
                walk.add(address, web.max_depth)
        await self._save(site, walk)
        return walk

    async def _save(self, site: Document, walk: Walk) -> None:
        await self.pages.blobs.write(frontier_name(site.id, site.generation), walk.dumped(), JSON)

    async def _pause(self, url: str) -> None:
        try:
            wanted = await self.pages.robots.delay(url)
        except SynapseError as error:
            # The next page of the host asks its robots.txt again, and waits or fails by itself.
            logger.info("a site's wish for pauses is not known", extra={"code": error.code.value})
            wanted = 0.0
        await asyncio.sleep(max(self.pages.pipeline.settings.site_pause_seconds, wanted))

    async def _addresses(self, site: Document, walk: Walk) -> list[str]:
        """What the sitemap names on its own host, through an index of others too, of which one that fails is told of."""
        at, sitemap = await self._start(site)
        walk.bounds, asked = f"{origin_of(at)}/", walk.bounds
        waiting, found = list[str](), list[str]()
        for _ in range(_MOST_SITEMAPS):
            # A sitemap that has moved to another spelling of its host may still name the pages of both.
            addresses = self._within((walk.bounds, asked), at, sitemap.addresses[:MOST_WAITING])
            (waiting if sitemap.is_index else found).extend(addresses)
            if not waiting:
                break
            at, sitemap = await self._part(site, walk, waiting.pop(0))
        if not found:
            told = "The sitemap names no page of its own host. Check its address."
            raise RejectedFileError(FailureCode.EMPTY, " ".join([told, *walk.notes(0)]))
        return found

    async def _start(self, site: Document) -> tuple[str, Sitemap]:
        """Where the sitemap lies, and what it names: at the site's address, or its host's usual one where that is a page."""
        start = site.url or ""
        usual = f"{origin_of(start)}/sitemap.xml"
        try:
            return await self._sitemap(site, start)
        except RejectedFileError as refusal:
            is_absent = refusal.failure is FailureCode.FETCH_FAILED and not refusal.can_retry and start.endswith("/")
            if start == usual or not (is_absent or refusal.failure is FailureCode.EMPTY):
                raise
        try:
            return await self._sitemap(site, usual)
        except RejectedFileError as refusal:
            message = f"The address is no sitemap, and none was read at {usual} either. {refusal.message}"
            raise RejectedFileError(refusal.failure, message, can_retry=refusal.can_retry) from refusal

    async def _part(self, site: Document, walk: Walk, url: str) -> tuple[str, Sitemap]:
        try:
            return await self._sitemap(site, url)
        except RejectedFileError:
            walk.unread.append(url)
            return url, Sitemap((), is_index=False)

    async def _sitemap(self, site: Document, url: str) -> tuple[str, Sitemap]:
        """Raises RejectedFileError as Web.fetch, and empty for a page."""
        with TemporaryDirectory() as folder:
            path = Path(folder, "sitemap")
            try:
                fetched = await self.pages.web.fetch(url, path, max_bytes=MOST_SITEMAP_BYTES, admit=self.pages.robots.admit)
            except (UnavailableError, DeadlineExceededError) as error:
                raise unanswered(site, error) from error
            content = await asyncio.to_thread(path.read_bytes)
        sitemap = await asyncio.to_thread(sitemap_of, content)
        if not sitemap.addresses and _is_html(fetched, content):
            raise RejectedFileError(FailureCode.EMPTY, "A page is there, which is no sitemap. Check the sitemap's address.")
        return fetched.url, sitemap

    async def _visit(self, site: Document, walk: Walk, url: str, depth: int) -> None:
        """Learn the page and find what it links to; a page that fails is told of, but the first is the whole site's failure."""
        with TemporaryDirectory() as folder:
            path = Path(folder, "page")
            try:
                page = await self._got(site, walk, url, path)
                if page is not None:
                    await self._take(site, walk, (url, depth), page, path)
            except RejectedFileError as refusal:
                if not walk.visited and _is_section(site):
                    raise
                await self._leave_out(site, walk, url, refusal)
            except _SiteIsFullError as full:
                walk.stopped = str(full)

    async def _got(self, site: Document, walk: Walk, url: str, path: Path) -> Page | None:
        """The page; None where its server does not answer. Trouble of our own, elsewhere, is no reason to leave a page out."""
        try:
            return await self.pages.get(url, path)
        except ResourceExhaustedError:
            walk.put_off += 1
            if not walk.visited or walk.put_off < MOST_PUT_OFF:
                await self._save(site, walk)
                raise
        except (UnavailableError, DeadlineExceededError) as error:
            if not walk.visited:
                raise unanswered(site, error) from error
        walk.failed.append(url)
        return None

    async def _take(self, site: Document, walk: Walk, place: tuple[str, int], page: Page, path: Path) -> None:
        url, depth = place
        final = page.fetched.url
        if final != url and not _leads_on(site, walk, url, final):
            return
        links = await asyncio.to_thread(_links, path) if page.kind is Kind.HTML else None
        if links and links.may_follow and site.web and depth < site.web.max_depth:
            base = urljoin(final, links.base) if links.base else final
            for link in self._within((walk.bounds,), base, links.links):
                walk.add(link, depth + 1)
        if links and not links.may_learn:
            walk.closed += 1
            return
        await self._learn(site, final, page, path)
        walk.learned += 1

    def _within(self, bounds: tuple[str, ...], base: str, references: tuple[str, ...]) -> list[str]:
        """Where the references lead within the bounds, by https where the first of them is."""
        allow_private = self.pages.pipeline.settings.allow_private_providers
        found = (linked(base, reference, allow_private=allow_private) for reference in references)
        return [secured(url, bounds[0]) for url in found if url is not None and is_within(url, *bounds)]

    async def _leave_out(self, site: Document, walk: Walk, url: str, refusal: RejectedFileError) -> None:
        if refusal.failure is FailureCode.ROBOTS:
            walk.closed += 1
        elif refusal.failure is FailureCode.OVER_QUOTA:
            walk.stopped = refusal.message
        elif refusal.failure is FailureCode.FETCH_FAILED and await self._answers(site, url):
            walk.gone.append(url)
        else:
            walk.failed.append(url)

    async def _answers(self, site: Document, url: str) -> bool:
        read = await self.pages.pipeline.documents.load(rules.web_id(site.bot_id, url, Scope.PAGE))
        return read is not None and read.value.is_ready

    async def _learn(self, site: Document, url: str, page: Page, path: Path) -> None:
        """Make the page's document, whose object the bucket tells of; or renew the one that it has, if the page has changed."""
        child = self._child(site, url, page)
        documents = self.pages.pipeline.documents
        plan = plan_of(await self.pages.accounts.get(site.owner_id))
        try:
            await documents.create(child, plan.stock)
        except AlreadyExistsError:
            await self._learn_again(child, page, path)
        except QuotaExceededError as full:
            raise _SiteIsFullError(f"{full.message} The walk ended there.") from full
        else:
            await self.pages.blobs.upload(child.blob, path, page.kind.value)

    async def _learn_again(self, child: Document, page: Page, path: Path) -> None:
        read = await self.pages.pipeline.documents.load(child.id)
        if read is None:
            return
        if read.value.is_given_up:
            raise RejectedFileError(
                FailureCode.UPLOAD_EXPIRED, "Its bytes never came; delete its document, and walk the site again."
            )
        is_same = read.value.content_hash == page.content_hash
        if read.value.status is DocumentStatus.AWAITING_UPLOAD:
            # An earlier delivery died between the document and its object, or only before it could say so.
            if is_same:
                await self.pages.blobs.upload(child.blob, path, page.kind.value)
            elif await self.pages.blobs.stat(child.blob) is None:
                await self.pages.renew(read, page, path)
        elif rules.is_at_rest(read.value) and teaches(page, read.value):
            await self.pages.renew(read, page, path)

    def _child(self, site: Document, url: str, page: Page) -> Document:
        now, fetched = self.pages.pipeline.clock(), page.fetched
        told = {"final_url": fetched.url, "etag": fetched.etag, "last_modified": fetched.last_modified, "fetched_at": now}
        return pipeline_rules.announced(
            rules.web_id(site.bot_id, url, Scope.PAGE),
            now,
            owner_id=site.owner_id,
            bot_id=site.bot_id,
            title=page.title or name_of(url),
            source=DocumentSource.URL,
            content_type=page.kind.value,
            size_bytes=fetched.size_bytes,
            content_hash=page.content_hash,
            url=url,
            parent_id=site.id,
            correlation_id=site.correlation_id,
            web=WebSource(**told),
        )


def _bounds(site: Document) -> str:
    """How the addresses of a site begin that has not moved: with its folder, or for a sitemap its host."""
    url = site.url or ""
    return section_of(url) if _is_section(site) else f"{origin_of(url)}/"


def _is_section(site: Document) -> bool:
    return site.web is not None and site.web.scope is Scope.SECTION


def _leads_on(site: Document, walk: Walk, url: str, final: str) -> bool:
    """Whether a page that an address led to is another one of the site; the first takes the site's bounds with it."""
    if not walk.visited and _is_section(site):
        walk.bounds = section_led(url, final)
    if not is_within(final, walk.bounds):
        walk.outside += 1
        return False
    is_new = final not in walk.seen
    walk.seen.add(final)
    return is_new


def _is_html(fetched: Fetched, content: bytes) -> bool:
    head = content[:_HEAD_BYTES].lower()
    return "html" in fetched.content_type.lower() or b"<html" in head or b"<!doctype html" in head


def _links(path: Path) -> PageLinks:
    with path.open("rb") as file:
        return page_links(file.read(MOST_PAGE_BYTES))
