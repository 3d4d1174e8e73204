"""Refuses every connection and name look-up beyond loopback, whichever Python library asks for it."""

import ipaddress
import socket
import sys
from functools import cache

_HOST_OF_LOOKUP = {"socket.getaddrinfo", "socket.gethostbyname"}
_ADDRESS_OF_SEND = {"socket.connect", "socket.sendto", "socket.sendmsg"}


class NetworkBeyondLoopbackError(BaseException):
    """A test reached for the network; no `except Exception` of the code under test can hide it."""


@cache
def install() -> None:
    """Add the guard to this process, once; an audit hook cannot be taken out again."""
    sys.addaudithook(refuse)


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """Raises NetworkBeyondLoopbackError for a socket event that would leave the machine."""
    if event in _ADDRESS_OF_SEND and isinstance(arguments[1], tuple):  # A Unix socket's address is no tuple.
        _require_loopback(arguments[1][0])
    elif event in _HOST_OF_LOOKUP and not _is_literal(arguments[0]):  # Reading an address asks nobody.
        _require_loopback(arguments[0])


def _require_loopback(host: object) -> None:
    name = _text(host)
    if name in ("", "localhost", socket.gethostname()) or (_is_literal(name) and ipaddress.ip_address(name).is_loopback):
        return
    raise NetworkBeyondLoopbackError(f"a test may reach loopback alone, not {name}")


def _is_literal(host: object) -> bool:
    try:
        ipaddress.ip_address(_text(host))
    except ValueError:
        return False
    return True


def _text(host: object) -> str:
    if host is None:
        return ""
    return host.decode("utf-8", "replace") if isinstance(host, bytes | bytearray) else str(host)
