"""A loopback HTTP server that says what a test scripts, cuts or hangs where told, and sees when its client leaves."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Reply:
    """`cut` drops the connection in the middle of the body, `hang` keeps it open without another byte."""

    parts: Sequence[bytes] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    ending: Literal["whole", "cut", "hang"] = "whole"
    content_type: str = "text/event-stream"


def json_reply(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply((json.dumps(body).encode(),), status, headers or {}, content_type="application/json")


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


Answer = Callable[[Request], Reply]


class WireServer:
    """Answers by `answer`, or by `replies` one after the other; `requests` is what came."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.replies: list[Reply] = []
        self.answer: Answer | None = None
        self.asked = asyncio.Event()
        self.client_left = asyncio.Event()

    def will_reply(self, *replies: Reply) -> None:
        self.replies.extend(replies)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read(reader)
            self.requests.append(request)
            self.asked.set()
            reply = self.answer(request) if self.answer else self.replies.pop(0)
            await self._send(reply, reader, writer)
        except ConnectionError:
            self.client_left.set()
        finally:
            writer.close()

    async def _send(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        headers = {"Content-Type": reply.content_type, "Transfer-Encoding": "chunked", "Connection": "close"} | reply.headers
        lines = [f"HTTP/1.1 {reply.status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        for part in reply.parts:
            writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            await writer.drain()
        if reply.ending == "whole":
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        elif reply.ending == "hang":
            await reader.read()
            self.client_left.set()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, json.loads(body) if body else None)


@asynccontextmanager
async def running() -> AsyncIterator[WireServer]:
    """A server on a free port of this event loop."""
    server = WireServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server


def event(body: Any) -> bytes:
    """A server-sent event of one line of JSON, non-ASCII text as UTF-8."""
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()
