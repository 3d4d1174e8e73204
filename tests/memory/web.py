"""A web in memory: pages by address, answered as the real client would, with every request remembered."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from shared.core.errors import InvalidArgumentError, SynapseError
from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.links import page_url
from shared.ports.web import Admit, Fetched, Known, admit_all


@dataclass(frozen=True)
class MemoryPage:
    """What lies at an address; `redirect` leads elsewhere, `error` is raised in its place."""

    content: bytes = b""
    content_type: str = "text/html"
    etag: str | None = None
    last_modified: str | None = None
    redirect: str | None = None
    error: Callable[[], SynapseError] | None = None


@dataclass
class MemoryWeb:
    """Addresses are public by how they are spelt; a name leads nowhere private here."""

    pages: dict[str, MemoryPage] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    allow_private: bool = False

    async def fetch(
        self, url: str, path: Path, *, max_bytes: int, admit: Admit = admit_all, known: Known | None = None
    ) -> Fetched:
        for _ in range(6):
            url = self._checked(url)
            await admit(url)
            self.asked.append(url)
            page = self.pages.get(url)
            if page is None:
                raise RejectedFileError(FailureCode.FETCH_FAILED, "The server has no such page.")
            if page.error:
                raise page.error()
            if page.redirect is None:
                return _answered(url, page, path, max_bytes, known)
            url = page.redirect
        raise RejectedFileError(FailureCode.FETCH_FAILED, "The address leads from one to another without an end.")

    def _checked(self, url: str) -> str:
        try:
            return page_url(url, allow_private=self.allow_private)
        except InvalidArgumentError as error:
            raise RejectedFileError(FailureCode.FETCH_REFUSED, "The address is not called.") from error


def _answered(url: str, page: MemoryPage, path: Path, max_bytes: int, known: Known | None) -> Fetched:
    if known and known.etag and known.etag == page.etag:
        return Fetched(url=url, is_unchanged=True)
    path.write_bytes(page.content[:max_bytes])
    if len(page.content) > max_bytes:
        raise RejectedFileError(FailureCode.TOO_LARGE, "The page is larger than what is read.")
    return Fetched(url, page.content_type, len(page.content), page.etag, page.last_modified)
