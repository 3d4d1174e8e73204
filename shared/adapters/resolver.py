"""From a host to addresses that may be called; every client that follows a person's URL asks here before it opens a socket."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence

from shared.core.errors import FailedPreconditionError
from shared.domain.addresses import Address, may_be_called, read_host

Resolve = Callable[[str], Awaitable[Sequence[str]]]


async def system_resolve(name: str) -> Sequence[str]:
    """The machine's own answers, in its order. Raises OSError for a name that nobody knows."""
    found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Resolver:
    """Answers public addresses alone; `allow_private` lets those of one's own network pass too, for a developer's machine."""

    def __init__(self, resolve: Resolve = system_resolve, *, allow_private: bool = False) -> None:
        self._resolve = resolve
        self.allow_private = allow_private

    async def addresses(self, spelt: str) -> Sequence[str]:
        """What may be connected to, as digits, so that nobody resolves again and gets another answer.

        Raises FailedPreconditionError where the host, or any one address behind its name, is not public; OSError as resolvers do.
        """
        host = _read(spelt)
        if not may_be_called(host, allow_private=self.allow_private):
            raise refused()
        if not isinstance(host, str):
            return [str(host)]
        found = [_read(answer) for answer in await self._resolve(host)]
        # All of them: with one private among public ones, which is used would be left to chance, or to who answers the names.
        if not all(self._may_be_called(address) for address in found):
            raise refused()
        return [str(address) for address in dict.fromkeys(found)]

    def _may_be_called(self, answer: Address | str) -> bool:
        return not isinstance(answer, str) and may_be_called(answer, allow_private=self.allow_private)


def refused() -> FailedPreconditionError:
    """The one answer for an address that is not called; it does not tell what the name led to."""
    return FailedPreconditionError("This address is not called: it must be https and reachable from the internet.")


def _read(spelt: str) -> Address | str:
    try:
        return read_host(spelt)
    except ValueError as error:
        raise refused() from error
