"""A transport for httpx2 that calls a person's URL safely: a public address, the very one that was checked, within caps."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from functools import cache
from typing import cast

import httpcore2
import httpx2

from shared.adapters.resolver import Resolver, refused
from shared.core.errors import SynapseError, UnavailableError

# A name may have dozens of addresses; after three that do not answer, the server is down.
_MOST_ADDRESSES = 3


@dataclass(frozen=True)
class Caps:
    """How much a server may answer and how long it may take, whatever it promises; of one response, from its first byte on."""

    max_bytes: int = 16 * 1024 * 1024
    seconds: float = 300.0
    connections: int = 100


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens the sockets. Each connection resolves anew, and goes to the very address that was looked at.

    TLS and the Host header keep the name, since they are made above this.
    """

    def __init__(self, resolver: Resolver, connector: httpcore2.AsyncNetworkBackend | None = None) -> None:
        self._resolver = resolver
        self._connector = connector or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  The base class's own.
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises FailedPreconditionError before any socket is opened where the host is not public."""
        failed: httpcore2.NetworkError = httpcore2.ConnectError("The name has no address.")
        for address in (await self._addresses(host, timeout))[:_MOST_ADDRESSES]:
            try:
                return await self._connector.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore2.ConnectError as error:
                failed = error
        raise failed

    async def _addresses(self, host: str, seconds: float | None) -> list[str]:
        try:
            async with asyncio.timeout(seconds):
                return list(await self._resolver.addresses(host))
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("The name was not resolved in time.") from error
        except OSError as error:
            raise httpcore2.ConnectError("The name was not resolved.") from error

    async def sleep(self, seconds: float) -> None:
        """Between tries of the pool."""
        await asyncio.sleep(seconds)


@cache
def _context() -> ssl.SSLContext:
    """Made once, since it reads every authority's certificate; of the environment, which could name others, it takes nothing."""
    return httpx2.create_ssl_context(trust_env=False)


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """https alone, unless `plain_http` or the resolver allows private addresses. It keeps no promise about redirects: who follows
    one asks again, and each request and each connection is looked at by itself. Who `reads_encoded` caps what it decodes.
    """

    def __init__(
        self,
        resolver: Resolver,
        caps: Caps,
        connector: httpcore2.AsyncNetworkBackend | None = None,
        *,
        plain_http: bool = False,
        reads_encoded: bool = False,
    ) -> None:
        super().__init__(verify=_context(), trust_env=False)
        self._schemes = {"https", "http"} if plain_http or resolver.allow_private else {"https"}
        self._reads_encoded = reads_encoded
        self._caps = caps
        # The transport has no parameter for a backend, only its pool has.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_context(),
            max_connections=caps.connections,
            keepalive_expiry=5.0,
            network_backend=GuardedBackend(resolver, connector),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises FailedPreconditionError for an address that is not called, UnavailableError for an answer beyond the caps."""
        if request.url.scheme not in self._schemes:
            raise refused()
        # A few compressed bytes may hold gigabytes, which a cap on what arrives would not see.
        request.headers["Accept-Encoding"] = "identity"
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity" and not self._reads_encoded:
            await response.aclose()
            raise _too_much()
        response.stream = _Capped(cast("httpx2.AsyncByteStream", response.stream), self._caps)
        return response


class _Capped(httpx2.AsyncByteStream):
    """A body that ends with an error where it passes the caps."""

    def __init__(self, stream: httpx2.AsyncByteStream, caps: Caps) -> None:
        self._stream = stream
        self._caps = caps

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left, ends = self._caps.max_bytes, asyncio.get_running_loop().time() + self._caps.seconds
        parts = aiter(self._stream)
        while (part := await self._next(parts, ends)) is not None:
            left -= len(part)
            if left < 0:
                raise _too_much()
            yield part

    async def _next(self, parts: AsyncIterator[bytes], ends: float) -> bytes | None:
        try:
            async with asyncio.timeout_at(ends):
                return await anext(parts, None)
        except TimeoutError as error:
            raise _too_much() from error

    async def aclose(self) -> None:
        await self._stream.aclose()


def _too_much() -> SynapseError:
    return UnavailableError("The server answers more, or for longer, than is read.")
