"""A resolver and a connector that remember what they were asked and never reach a network."""

from collections.abc import Iterable, Mapping, Sequence
from ssl import SSLContext
from typing import Any

import httpcore2


class RecordingResolver:
    """Answers by `known`, each name's answers in turn and its last one for ever; every other name leads to `otherwise`."""

    def __init__(
        self, known: Mapping[str, Sequence[Sequence[str]]] | None = None, otherwise: Sequence[str] = ("10.0.0.7",)
    ) -> None:
        self._known = {name: list(answers) for name, answers in (known or {}).items()}
        self._otherwise = otherwise
        self.asked: list[str] = []

    async def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        answers = self._known.get(name, [self._otherwise])
        return answers.pop(0) if len(answers) > 1 else answers[0]


class _Stream(httpcore2.AsyncMockStream):
    def __init__(self, answer: bytes, connector: "RecordingConnector") -> None:
        super().__init__([answer])
        self._connector = connector

    async def write(self, buffer: bytes, *_: Any, **__: Any) -> None:
        self._connector.written += buffer

    async def start_tls(self, ssl_context: SSLContext, server_hostname: str | None = None, *_: Any, **__: Any) -> Any:
        self._connector.names.append(server_hostname)
        return self


class RecordingConnector(httpcore2.AsyncNetworkBackend):
    """Opens streams that answer the given responses in turn; an address in `down` refuses.

    `connected` are addresses and ports, `names` those that TLS was to prove, `written` is all that was sent.
    """

    def __init__(self, *answers: bytes, down: Iterable[str] = ()) -> None:
        self._answers = list(answers)
        self._down = set(down)
        self.connected: list[tuple[str, int]] = []
        self.names: list[str | None] = []
        self.written = b""

    async def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        self.connected.append((host, port))
        if host in self._down:
            raise httpcore2.ConnectError("refused")
        return _Stream(self._answers.pop(0) if self._answers else response(), self)


def response(status: int = 200, body: bytes = b"fine", **headers: str) -> bytes:
    """A whole answer on the wire, after which the connection is closed."""
    named = {"Content-Length": str(len(body)), "Connection": "close"} | {
        key.replace("_", "-"): value for key, value in headers.items()
    }
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
