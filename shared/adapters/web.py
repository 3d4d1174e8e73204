"""Fetches pages through the guard: every hop is looked at as the first address was, and bodies stream into a file within caps."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpcore2
import httpx2

from shared.adapters.guarded import Caps, GuardedTransport
from shared.adapters.resolver import Resolver
from shared.core.clock import Clock, system_clock
from shared.core.errors import FailedPreconditionError, InvalidArgumentError, ResourceExhaustedError, UnavailableError
from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.links import page_url
from shared.ports.web import Admit, Fetched, Known, admit_all

MOST_REDIRECTS = 5
_MOST_HEADERS = 100
_SECONDS = 180.0
"""For one address with all its redirects; well inside the stage's own time."""
_TIMEOUT = httpx2.Timeout(20.0, connect=10.0)
_REDIRECTS = {301, 302, 303, 307, 308}
_OK, _NOT_MODIFIED, _TIMED_OUT, _TOO_EARLY, _TOO_MANY, _SERVER = 200, 304, 408, 425, 429, 500
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_BEGINS = b"\x1f"
_PIECE = 64 * 1024
_MOST_TOLD = 500
"""Of a validator that we would send back with each request."""
_REASONS = {401: "asks for a login", 403: "refuses us", 404: "has no such page", 410: "says that the page is gone for good"}


def user_agent(contact_url: str) -> str:
    """What we say of ourselves to every server; its first word is our name in robots.txt."""
    return f"SynapseOD/1.0 (+{contact_url})" if contact_url else "SynapseOD/1.0"


class GuardedWeb:
    """One client for all pages; no cookie and no credential goes with a request, and none is kept."""

    def __init__(
        self,
        resolver: Resolver,
        user_agent: str,
        *,
        connector: httpcore2.AsyncNetworkBackend | None = None,
        seconds: float = _SECONDS,
        clock: Clock = system_clock,
    ) -> None:
        self._allow_private = resolver.allow_private
        self._user_agent = user_agent
        self._seconds = seconds
        self._clock = clock
        # The bodies are capped below, where what is too large can be told from a server that is too slow.
        caps = Caps(max_bytes=1 << 40, seconds=seconds)
        self._transport = GuardedTransport(resolver, caps, connector, plain_http=True, reads_encoded=True)

    async def fetch(
        self, url: str, path: Path, *, max_bytes: int, admit: Admit = admit_all, known: Known | None = None
    ) -> Fetched:
        """As the port says."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(url, path, max_bytes, admit, known)
        except FailedPreconditionError as error:
            raise _refused() from error
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.LocalProtocolError) as error:
            raise _refused() from error
        except (TimeoutError, httpx2.TimeoutException, httpcore2.TimeoutException) as error:
            raise UnavailableError("The page's server did not answer in time.") from error
        except (httpx2.HTTPError, httpcore2.NetworkError) as error:
            raise UnavailableError("The page's server could not be reached.") from error

    async def _follow(self, url: str, path: Path, max_bytes: int, admit: Admit, known: Known | None) -> Fetched:
        for _ in range(MOST_REDIRECTS + 1):
            url = self._checked(url)
            await admit(url)
            async with self._answer(url, known) as response:
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    return await self._outcome(url, response, path, max_bytes)
                url = str(response.url.join(response.headers["location"]))
        raise RejectedFileError(FailureCode.FETCH_FAILED, "The address leads from one to another without an end.")

    def _checked(self, url: str) -> str:
        try:
            return page_url(url, allow_private=self._allow_private)
        except InvalidArgumentError as error:
            raise _refused() from error

    @asynccontextmanager
    async def _answer(self, url: str, known: Known | None) -> AsyncIterator[httpx2.Response]:
        headers = {"User-Agent": self._user_agent, "Accept": "*/*", "Accept-Language": "*"} | _conditions(known)
        # The transport itself rather than a client, which would keep cookies and follow redirects by itself.
        request = httpx2.Request("GET", url, headers=headers, extensions={"timeout": _TIMEOUT.as_dict()})
        response = await self._transport.handle_async_request(request)
        response.request = request
        try:
            if len(response.headers) > _MOST_HEADERS:
                raise RejectedFileError(FailureCode.FETCH_FAILED, "The page's server answers with more headers than are read.")
            yield response
        finally:
            await response.aclose()

    async def _outcome(self, url: str, response: httpx2.Response, path: Path, max_bytes: int) -> Fetched:
        told = response.headers
        if response.status_code == _NOT_MODIFIED:
            return Fetched(url=url, is_unchanged=True)
        if response.status_code != _OK:
            raise self._failure(response)
        size_bytes = await _stream(response, path, max_bytes)
        return Fetched(
            url=url,
            content_type=told.get("content-type", "")[:200],
            size_bytes=size_bytes,
            etag=_validator(told.get("etag")),
            last_modified=_validator(told.get("last-modified")),
        )

    def _failure(self, response: httpx2.Response) -> Exception:
        status = response.status_code
        if status == _TOO_MANY:
            wait = _retry_after(response.headers.get("retry-after"), self._clock())
            return ResourceExhaustedError("The page's server asks us to come later.", retry_after_seconds=wait)
        if status >= _SERVER or status in {_TIMED_OUT, _TOO_EARLY}:
            return UnavailableError(f"The page's server answered with an error ({status}).")
        reason = _REASONS.get(status, f"did not send the page (status {status})")
        message = f"The server {reason}. Check the address in a browser without a login, and submit it again."
        return RejectedFileError(FailureCode.FETCH_FAILED, message)


async def _stream(response: httpx2.Response, path: Path, max_bytes: int) -> int:
    """The body's bytes in the file; a body that is larger is cut and refused as it passes the cap, whatever it announced."""
    written = 0
    with path.open("wb") as file:
        async for part in _decoded(response):
            fits = part[: max_bytes - written]
            # A page's pieces go to a file in memory: a thread would cost more than the write.
            file.write(fits)
            written += len(fits)
            if len(fits) < len(part):
                raise RejectedFileError(FailureCode.TOO_LARGE, f"The page is larger than {max_bytes:,} bytes, which is the most.")
    return written


async def _decoded(response: httpx2.Response) -> AsyncIterator[bytes]:
    """The body, out of gzip where a server packs it although unasked; in pieces, so that a bomb meets the cap early."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"", "identity"}:
        async for part in response.aiter_raw():
            yield part
        return
    if encoding not in {"gzip", "x-gzip"}:
        raise RejectedFileError(FailureCode.FETCH_FAILED, "The page comes in a packing that was not asked for and is not read.")
    unpacking = zlib.decompressobj(_GZIP)
    async for part in response.aiter_raw():
        packed = part
        while packed:
            if unpacking.eof:
                # Several members are one body: RFC 1952, section 2.2. What is none is padding, which every browser passes over.
                if not packed.startswith(_GZIP_BEGINS):
                    return
                unpacking = zlib.decompressobj(_GZIP)
            yield _unpacked(unpacking, packed)
            packed = unpacking.unused_data if unpacking.eof else unpacking.unconsumed_tail
    # What is left is less than a window, since all of the packed bytes were taken.
    yield unpacking.flush()
    if not unpacking.eof:
        raise _damaged()


def _unpacked(unpacking: "zlib._Decompress", packed: bytes) -> bytes:
    try:
        return unpacking.decompress(packed, _PIECE)
    except zlib.error as error:
        raise _damaged() from error


def _damaged() -> RejectedFileError:
    return RejectedFileError(FailureCode.FETCH_FAILED, "The page came damaged. Submit it again.")


def _conditions(known: Known | None) -> dict[str, str]:
    if known is None:
        return {}
    told = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in told.items() if value}


def _validator(told: str | None) -> str | None:
    return told if told and told.isascii() and told.isprintable() and len(told) <= _MOST_TOLD else None


def _retry_after(told: str | None, now: datetime) -> float | None:
    """Seconds, from a number of them or a date; within a day, since a server may say anything."""
    if not told:
        return None
    if told.strip().isdecimal():
        return min(float(told), 86_400.0)
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return None
    # A date without a zone is in UTC (RFC 5322).
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), 86_400.0)


def _refused() -> RejectedFileError:
    message = "The address leads where pages are not fetched from: it must be http(s) and reachable from the internet."
    return RejectedFileError(FailureCode.FETCH_REFUSED, message)
