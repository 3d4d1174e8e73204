"""Fetches what lies at an address, keeps its bytes, and has them learned: at first, again where they changed, and never twice."""

import asyncio
import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.core.errors import (
    ConflictError,
    DeadlineExceededError,
    QuotaExceededError,
    SynapseError,
    UnavailableError,
    Verdict,
)
from shared.core.log import logger
from shared.domain import fetching as rules
from shared.domain import pipeline as pipeline_rules
from shared.domain.document import Document, DocumentStatus, FailureCode, RejectedFileError
from shared.domain.links import name_of
from shared.domain.plan import plan_of
from shared.domain.revival import stopped_at
from shared.domain.web import WebSource
from shared.ingest.encoding import decode
from shared.ingest.kinds import Kind, sniff
from shared.ingest.links import title_of
from shared.ingest.transcripts import is_video
from shared.ports.blobs import Blobs
from shared.ports.identity import Accounts
from shared.ports.store import Versioned
from shared.ports.web import Fetched, Known, Web
from shared.services.pipeline import WRITE_TRIES, Pipeline
from shared.services.robots import Robots
from shared.services.steps import StepOutput
from shared.services.videos import fetch_transcript

_HEAD_BYTES = 256 * 1024
_PIECE = 1 << 20


@dataclass(frozen=True)
class Page:
    """What was fetched, as its content is; `content_hash` as Document has it, `title` the page's own."""

    fetched: Fetched
    kind: Kind
    content_hash: str
    title: str | None


@dataclass(frozen=True)
class Pages:
    """The ports that fetching needs."""

    pipeline: Pipeline
    web: Web
    robots: Robots
    blobs: Blobs
    accounts: Accounts

    async def get(self, url: str, path: Path, known: Known | None = None) -> Page | None:
        """What lies at the address, in the file; None where it is still as known.

        Raises as Web.fetch, RejectedFileError(robots), and as `sniff` for what cannot be read.
        """
        max_bytes = self.pipeline.settings.max_upload_bytes
        if is_video(url):
            fetched, title = await fetch_transcript(self.web, self.robots, url, path)
            return Page(fetched, Kind.MARKDOWN, await asyncio.to_thread(_md5, path), title)
        fetched = await self.web.fetch(url, path, max_bytes=max_bytes, admit=self.robots.admit, known=known)
        return None if fetched.is_unchanged else await asyncio.to_thread(_judged, fetched, path)

    async def learn(self, document: Document) -> StepOutput:
        """The work of the stage: fetch the document's page and keep it. Nothing is kept of what the plan has no room for."""
        with TemporaryDirectory() as folder:
            path = Path(folder, "page")
            try:
                page = await self.get(document.url or "", path)
            except (UnavailableError, DeadlineExceededError) as error:
                raise unanswered(document, error) from error
            if page is None:
                raise ConflictError("A page that was not known says that it has not changed.")
            await self._resize(document, page)
            await self.blobs.upload(document.blob, path, page.kind.value)
        fetched = page.fetched
        told = {"final_url": fetched.url, "etag": fetched.etag, "size_bytes": fetched.size_bytes}
        return {"content_type": page.kind.value, "content_hash": page.content_hash, **told}

    async def refresh(self, read: Versioned[Document]) -> None:
        """Look whether the page has changed, and have it learned anew if so. Whatever fails, what it taught goes on answering."""
        document = read.value
        web = document.web or WebSource()
        with TemporaryDirectory() as folder:
            path = Path(folder, "page")
            try:
                page = await self.get(document.url or "", path, _known(document, web))
            except SynapseError as error:
                await self._put_off(read, web, error)
                return
            if page is None or not teaches(page, document):
                looked_at = {"refresh_at": web.next_after(self.pipeline.clock())}
                await self.pipeline.documents.replace(read, document.model_copy(update=looked_at))
                return
            try:
                await self.renew(read, page, path)
            except RejectedFileError as error:
                await self._put_off(read, web, error)

    async def renew(self, read: Versioned[Document], page: Page, path: Path) -> None:
        """Keep the document's changed bytes, and have them learned as its next generation.

        In this order, since whoever dies on the way leaves a document whose hash tells that its page has changed. Raises
        RejectedFileError(over_quota).
        """
        document = read.value
        # Nothing else is said of the new page yet: with its tag the server would tell the next try that it has not changed.
        sized = await self._sized(read, document.model_copy(update={"size_bytes": page.fetched.size_bytes}))
        await self.blobs.upload(document.blob, path, page.kind.value)
        fetched, spent = self._as_fetched(sized.value, page), await self.pipeline.cost_of_failure(document)
        renewed = rules.renewed(fetched, page.kind.value, page.content_hash, self.pipeline.moment(), spent)
        await self.pipeline.documents.replace(sized, renewed)
        await self.pipeline.publish(pipeline_rules.opening(renewed))

    async def _put_off(self, read: Versioned[Document], web: WebSource, error: SynapseError) -> None:
        """Until the next date, or soon where the trouble may pass by itself."""
        now = self.pipeline.clock()
        logger.info("a page could not be refreshed", extra={"document_id": read.value.id, "code": error.code.value})
        later = now + rules.REFRESH_RETRY if error.verdict is Verdict.RETRY else web.next_after(now)
        await self.pipeline.documents.replace(read, read.value.model_copy(update={"refresh_at": later}))

    async def _resize(self, document: Document, page: Page) -> None:
        """Write what is known of the page by now; others may write the document meanwhile."""
        for _ in range(WRITE_TRIES):
            read = await self.pipeline.documents.load(document.id)
            if read is None or not _is_same_fetch(read.value, document):
                break
            try:
                await self._sized(read, self._as_fetched(read.value, page))
            except ConflictError:
                continue
            return
        raise ConflictError("The document is another by now.")

    async def _sized(self, read: Versioned[Document], document: Document) -> Versioned[Document]:
        plan = plan_of(await self.accounts.get(document.owner_id))
        try:
            return await self.pipeline.documents.resize(read, document, plan.stock)
        except QuotaExceededError as error:
            message = f"{error.message} Then submit the address again."
            raise RejectedFileError(FailureCode.OVER_QUOTA, message) from error

    def _as_fetched(self, document: Document, page: Page) -> Document:
        now, web = self.pipeline.clock(), document.web or WebSource()
        fetched = page.fetched
        told = {"final_url": fetched.url, "etag": fetched.etag, "last_modified": fetched.last_modified, "fetched_at": now}
        title = document.title if web.is_titled else page.title or name_of(fetched.url)
        known = {"size_bytes": fetched.size_bytes, "title": title, "refresh_at": web.next_after(now)}
        return document.model_copy(update={**known, "web": web.model_copy(update=told)})


def teaches(page: Page, document: Document) -> bool:
    """Whether its bytes are others, or were not learned for a reason that may have passed, as that they did not come."""
    may_pass = document.failure is not None and (document.failure.can_retry or stopped_at(document) is DocumentStatus.FETCHING)
    return page.content_hash != document.content_hash or may_pass


def unanswered(document: Document, error: SynapseError) -> SynapseError:
    """The error of a page's server, or what ends the document in its place once the server was asked often enough."""
    if document.attempt < rules.SERVER_TRIES:
        return error
    message = f"{error.message} It was asked {document.attempt} times. Submit the address again once it answers."
    return RejectedFileError(FailureCode.FETCH_FAILED, message, can_retry=True)


def _known(document: Document, web: WebSource) -> Known | None:
    """Nothing of a page that is not learned: it must come whole."""
    return Known(web.etag, web.last_modified) if document.status is DocumentStatus.READY else None


def _is_same_fetch(stored: Document, document: Document) -> bool:
    return stored.status is DocumentStatus.FETCHING and stored.generation == document.generation


def _judged(fetched: Fetched, path: Path) -> Page:
    if not fetched.size_bytes:
        raise RejectedFileError(
            FailureCode.EMPTY, "The page's server sent nothing. Check the address in a browser without a login."
        )
    kind = sniff(path, fetched.content_type.partition(";")[0].strip().lower())
    return Page(fetched, kind, _md5(path), _title(path) if kind is Kind.HTML else None)


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        read: Callable[[], bytes] = lambda: file.read(_PIECE)  # noqa: E731
        for part in iter(read, b""):
            digest.update(part)
    return base64.b64encode(digest.digest()).decode()


def _title(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    try:
        return title_of(decode(head))
    except RejectedFileError:
        return None
