"""Walks a site politely: one request at a time with a pause, within one host and folder, to a depth and a count.

Each page becomes a document under the site's. The walk's state lies in the bucket after every page, so that whoever takes it up
goes on where it stood.
"""

import asyncio
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin

from shared.core.errors import AlreadyExistsError, DeadlineExceededError, NotFoundError, ResourceExhaustedError, UnavailableError
from shared.domain import fetching as rules
from shared.domain import pipeline as pipeline_rules
from shared.domain.blob import frontier_name
from shared.domain.document import Document, DocumentSource, DocumentStatus, FailureCode, RejectedFileError
from shared.domain.links import linked, name_of, origin_of, section_of
from shared.domain.plan import plan_of
from shared.domain.web import Scope, WebSource
from shared.ingest.kinds import Kind
from shared.ingest.links import MOST_PAGE_BYTES, MOST_SITEMAP_BYTES, PageLinks, page_links, sitemap_of
from shared.services.batches import JSON
from shared.services.pages import Page, Pages, teaches, unanswered
from shared.services.steps import StepOutput

SLICE_SECONDS = 240.0
"""How long one delivery walks before the sweep's next one goes on; well inside the stage's own time."""
MOST_PUT_OFF = 5
"""How often a page's server may ask to come later; then the walk goes on without the page."""
_MOST_WAITING = 2000
_MOST_SITEMAPS = 20
_MOST_NOTED = 5


class _SiteIsFullError(Exception):
    """The plan has no room for another page; its message is the limit's sentence."""


@dataclass
class Walk:
    """What is known of a site by now; `waiting` are addresses with the number of links that led there."""

    waiting: list[tuple[str, int]]
    seen: set[str]
    visited: int = 0
    learned: int = 0
    closed: int = 0
    put_off: int = 0
    failed: list[str] = field(default_factory=list)
    stopped: str = ""

    def add(self, url: str, depth: int) -> None:
        """An address that was found, unless it is known."""
        if url not in self.seen and len(self.seen) < _MOST_WAITING:
            self.seen.add(url)
            self.waiting.append((url, depth))

    def notes(self, most: int) -> list[str]:
        """What was left out, in sentences."""
        told = []
        if self.waiting and not self.stopped:
            told.append(f"{len(self.waiting)} more addresses were found; the walk ends after {most} pages.")
        if self.closed:
            told.append(f"{self.closed} pages are closed to programs by the site's own wish.")
        if self.failed:
            told.append(f"{len(self.failed)} pages could not be read, such as {', '.join(self.failed[:_MOST_NOTED])}.")
        return [*told, self.stopped] if self.stopped else told

    def dumped(self) -> bytes:
        """For the bucket."""
        return json.dumps(asdict(self) | {"seen": sorted(self.seen)}).encode()

    @classmethod
    def loaded(cls, content: bytes) -> "Walk":
        """As it was dumped."""
        known = json.loads(content)
        waiting = [(url, depth) for url, depth in known["waiting"]]
        return cls(**known | {"waiting": waiting, "seen": set(known["seen"])})


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
            await self._save(site, walk)
            await self._pause(url)
        return {"pages": walk.learned, "notes": walk.notes(web.max_pages)}

    async def _begun(self, site: Document, web: WebSource) -> Walk:
        try:
            return Walk.loaded(await self.pages.blobs.read(frontier_name(site.id, site.generation)))
        except NotFoundError:
            pass
        start = site.url or ""
        walk = Walk([], set())
        if web.scope is Scope.SECTION:
            walk.add(start, 0)
        else:
            try:
                addresses = await self._addresses(start)
            except (UnavailableError, DeadlineExceededError) as error:
                raise unanswered(site, error) from error
            for address in addresses:
                walk.add(address, web.max_depth)
        await self._save(site, walk)
        return walk

    async def _save(self, site: Document, walk: Walk) -> None:
        await self.pages.blobs.write(frontier_name(site.id, site.generation), walk.dumped(), JSON)

    async def _pause(self, url: str) -> None:
        await asyncio.sleep(max(self.pages.pipeline.settings.site_pause_seconds, await self.pages.robots.delay(url)))

    async def _addresses(self, start: str) -> list[str]:
        """What the sitemap names on its own host, through an index of others too."""
        waiting, found = [start], list[str]()
        for _ in range(_MOST_SITEMAPS):
            if not waiting:
                break
            at = waiting.pop(0)
            sitemap = await asyncio.to_thread(sitemap_of, await self._read_sitemap(at))
            addresses = self._within(f"{origin_of(start)}/", at, sitemap.addresses[:_MOST_WAITING])
            (waiting if sitemap.is_index else found).extend(addresses)
        if not found:
            raise RejectedFileError(FailureCode.EMPTY, "The sitemap names no page of its own host. Check its address.")
        return found

    async def _read_sitemap(self, url: str) -> bytes:
        with TemporaryDirectory() as folder:
            path = Path(folder, "sitemap")
            await self.pages.web.fetch(url, path, max_bytes=MOST_SITEMAP_BYTES, admit=self.pages.robots.admit)
            return await asyncio.to_thread(path.read_bytes)

    async def _visit(self, site: Document, walk: Walk, url: str, depth: int) -> None:
        """Learn the page and find what it links to; a page that fails is told of, but the first is the whole site's failure."""
        with TemporaryDirectory() as folder:
            path = Path(folder, "page")
            try:
                page = await self._got(site, walk, url, path)
                if page is not None:
                    await self._take(site, walk, (url, depth), page, path)
            except RejectedFileError as refusal:
                if not walk.visited and site.web and site.web.scope is Scope.SECTION:
                    raise
                _count(walk, url, refusal)
            except _SiteIsFullError as full:
                walk.stopped = str(full)

    async def _got(self, site: Document, walk: Walk, url: str, path: Path) -> Page | None:
        """The page; None where its server does not answer. Trouble of our own, elsewhere, is no reason to leave a page out."""
        try:
            return await self.pages.get(url, path)
        except ResourceExhaustedError:
            walk.put_off += 1
            if not walk.visited or walk.put_off % MOST_PUT_OFF:
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
        if final != url:
            if not final.startswith(_bounds(site)) or final in walk.seen:
                return
            walk.seen.add(final)
        links = await asyncio.to_thread(_links, path) if page.kind is Kind.HTML else None
        if links and links.may_follow and site.web and depth < site.web.max_depth:
            base = urljoin(final, links.base) if links.base else final
            for link in self._within(_bounds(site), base, links.links):
                walk.add(link, depth + 1)
        if links and not links.may_learn:
            walk.closed += 1
            return
        await self._learn(site, final, page, path)
        walk.learned += 1

    def _within(self, bounds: str, base: str, references: tuple[str, ...]) -> list[str]:
        allow_private = self.pages.pipeline.settings.allow_private_providers
        found = (linked(base, reference, allow_private=allow_private) for reference in references)
        return [url for url in found if url is not None and url.startswith(bounds)]

    async def _learn(self, site: Document, url: str, page: Page, path: Path) -> None:
        """Make the page's document, whose object the bucket tells of; or renew the one that it has, if the page has changed."""
        child = self._child(site, url, page)
        documents = self.pages.pipeline.documents
        plan = plan_of(await self.pages.accounts.get(site.owner_id))
        try:
            await documents.create(child, plan.stock)
        except AlreadyExistsError:
            await self._learn_again(child, page, path)
        except ResourceExhaustedError as full:
            raise _SiteIsFullError(f"{full.message} The walk ended there.") from full
        else:
            await self.pages.blobs.upload(child.blob, path, page.kind.value)

    async def _learn_again(self, child: Document, page: Page, path: Path) -> None:
        read = await self.pages.pipeline.documents.load(child.id)
        if read is None or read.value.is_given_up:
            return
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
    """How every address of the site begins: its folder, or for a sitemap its host."""
    url = site.url or ""
    return section_of(url) if site.web and site.web.scope is Scope.SECTION else f"{origin_of(url)}/"


def _count(walk: Walk, url: str, refusal: RejectedFileError) -> None:
    if refusal.failure is FailureCode.ROBOTS:
        walk.closed += 1
    elif refusal.failure is FailureCode.OVER_QUOTA:
        walk.stopped = refusal.message
    else:
        walk.failed.append(url)


def _links(path: Path) -> PageLinks:
    with path.open("rb") as file:
        return page_links(file.read(MOST_PAGE_BYTES))
