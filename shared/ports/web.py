"""Pages of the world's web, fetched safely."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Admit = Callable[[str], Awaitable[None]]
"""Asked of each address before it is called, those of redirects too; raises where it must not be."""


async def admit_all(_: str) -> None:
    """For what no rule of the site is asked for, such as its rules themselves."""


@dataclass(frozen=True)
class Known:
    """What an earlier answer said of itself, so that the server may say that nothing has changed."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Fetched:
    """A whole answer, whose body lies in the file. `url` is the last redirect's; `content_type` is as told, parameters included;
    `is_unchanged` says that there is no body, since the page is still as `Known` tells.
    """

    url: str
    content_type: str = ""
    size_bytes: int = 0
    etag: str | None = None
    last_modified: str | None = None
    is_unchanged: bool = False


class Web(Protocol):
    """Fetches by GET what lies at public addresses alone."""

    async def fetch(
        self, url: str, path: Path, *, max_bytes: int, admit: Admit = admit_all, known: Known | None = None
    ) -> Fetched:
        """Stream the body into the file, following up to five redirects, each looked at as the first address was.

        Raises RejectedFileError: fetch_refused for an address that is not called, fetch_failed for an answer that would come
        again (such as 404), too_large beyond `max_bytes`, and then the file holds what fits. Raises UnavailableError for what
        may pass (no answer, a server's error, too slow), ResourceExhaustedError for 429, with what Retry-After says.
        """
        ...
