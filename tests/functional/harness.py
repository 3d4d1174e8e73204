"""Speaks to a function as its callers do, through the very app that functions-framework serves, without a socket.

with bound({Identity: MemoryIdentity(), Bots: MemoryBots(store)}):
    reply = await client_for("create_bot").call({"name": "Ada"}, token="alice")
    assert reply.result["id"]
    reply = await client_for("get_bot").rest("GET", "/api/v1/child-bots/b1?x=1", token="alice")
    async with client_for("chat").stream({"question": "Why?"}, token="alice") as stream:
        first = await stream.next()          # {"message": {...}}, {"result": {...}} or {"error": {...}}
        stream.disconnect()                  # leaving the block waits for the function to end
    assert (await client_for("extract_document").push({"document_id": "d1", "generation": 1})).status == 204
"""

import asyncio
import base64
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from functions_framework import aio
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from shared.core.ids import new_id
from shared.runtime.catalogue import FUNCTIONS
from shared.runtime.functions import EntryPoint

_addresses = itertools.count(1)
METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"]


@dataclass(frozen=True)
class Reply:
    """A whole response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def result(self) -> Any:
        """What a callable answered; fails the test for an error."""
        assert self.status == 200, self.content
        return self.json["result"]

    @property
    def error(self) -> Any:
        """What a callable refused with; fails the test for an answer."""
        assert self.status >= 400, self.content
        return self.json["error"]

    @property
    def events(self) -> list[Any]:
        """Every event of a stream that has ended."""
        return [json.loads(line[6:]) for line in self.content.decode().split("\n\n") if line.startswith("data: ")]


class Exchange:
    """One request in flight: the server's side of ASGI."""

    def __init__(self, app: ASGIApp, scope: dict[str, Any], pieces: list[bytes], *, cut: bool) -> None:
        self._pieces = list(pieces) or [b""]
        self._cut = cut
        self._gone = asyncio.Event()
        self._buffer = b""
        self._arrived = asyncio.Event()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.content = b""
        self.pieces_read = 0
        self.ended = False
        self.task = asyncio.create_task(self._run(app, scope))

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._receive, self._send)
        finally:
            self.ended = True
            self._arrived.set()

    async def _receive(self) -> Message:
        if self._pieces:
            self.pieces_read += 1
            return {"type": "http.request", "body": self._pieces.pop(0), "more_body": bool(self._pieces) or self._cut}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._gone.is_set():
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            self.content += message["body"]
            self._buffer += message["body"]
        self._arrived.set()

    def disconnect(self) -> None:
        """The client goes away without a word."""
        self._gone.set()

    async def reply(self) -> Reply:
        """The whole response."""
        await self.task
        return Reply(self.status, self.headers, self.content)

    async def frame(self) -> str:
        """The next frame as it is on the wire, comments included. Raises EOFError when the response has ended."""
        while b"\n\n" not in self._buffer:
            if self.ended:
                raise EOFError
            self._arrived.clear()
            await self._arrived.wait()
        frame, self._buffer = self._buffer.split(b"\n\n", 1)
        return frame.decode()

    async def next(self) -> Any:
        """The next event, heartbeats passed over. Raises EOFError when the response has ended."""
        while not (frame := await self.frame()).startswith("data: "):
            continue
        return json.loads(frame[6:])

    async def rest_of_events(self) -> list[Any]:
        """Every event that is still to come."""
        events = []
        try:
            while True:
                events.append(await self.next())
        except EOFError:
            return events


@dataclass(frozen=True)
class Client:
    """Calls one function's app, from one address; without one, each request comes from a network of its own."""

    app: ASGIApp
    address: str | None = "198.51.100.7"

    def send(self, method: str, url: str, headers: Mapping[str, str], pieces: list[bytes], *, cut: bool = False) -> Exchange:
        """Any request at all; every other call starts here. A cut body announces more than it ever sends."""
        path, _, query = url.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": (self.address or _another_address(), 50000),
            "server": ("testserver", 80),
        }
        return Exchange(self.app, scope, pieces, cut=cut)

    async def request(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Reply:
        """A raw request and its whole reply."""
        return await self.send(method, url, headers or {}, [body]).reply()

    async def call(self, data: Any = None, *, token: str | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """A unary callable."""
        return await self.request("POST", "/", _headers(token, headers), json.dumps({"data": data}).encode())

    async def rest(
        self, method: str, url: str, body: Any = None, *, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """A REST call; the body is sent as JSON if there is one."""
        content = b"" if body is None else json.dumps(body).encode()
        return await self.request(method, url, _headers(token, headers), content)

    @asynccontextmanager
    async def stream(
        self, data: Any = None, *, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Exchange]:
        """A streaming callable; leaving the block disconnects and waits for the function to have ended."""
        accepting = {"accept": "text/event-stream", **_headers(token, headers)}
        exchange = self.send("POST", "/", accepting, [json.dumps({"data": data}).encode()])
        try:
            yield exchange
        finally:
            exchange.disconnect()
            await exchange.task

    async def events(self, data: Any = None, *, token: str | None = None, headers: Mapping[str, str] | None = None) -> list[Any]:
        """Every event of a stream, listened to until its end."""
        async with self.stream(data, token=token, headers=headers) as exchange:
            return (await exchange.reply()).events

    async def push(
        self, message: Any = None, *, attributes: Mapping[str, str] | None = None, message_id: str | None = None, attempt: int = 1
    ) -> Reply:
        """A delivery by Pub/Sub; a text is sent as it is, anything else as JSON."""
        text = message if isinstance(message, str) else json.dumps(message)
        identifier = message_id or new_id()
        body = {
            "message": {
                "data": base64.b64encode(text.encode()).decode(),
                "attributes": dict(attributes or {}),
                "messageId": identifier,
                "message_id": identifier,
                "publishTime": "2026-11-22T10:00:00Z",
            },
            "subscription": "projects/demo-synapse/subscriptions/test",
            "deliveryAttempt": attempt,
        }
        return await self.request("POST", "/", {"content-type": "application/json"}, json.dumps(body).encode())

    async def notify(self, name: str, size: int, md5: str | None = None, content_type: str = "text/plain") -> Reply:
        """The bucket's notice that an object is whole, through Pub/Sub."""
        bucket = "demo-synapse-files"
        resource = {"kind": "storage#object", "name": name, "bucket": bucket, "size": str(size), "contentType": content_type}
        attributes = {"eventType": "OBJECT_FINALIZE", "bucketId": bucket, "objectId": name, "payloadFormat": "JSON_API_V1"}
        return await self.push(resource | ({"md5Hash": md5} if md5 else {}), attributes=attributes)

    async def schedule(self) -> Reply:
        """A run by Cloud Scheduler."""
        return await self.request("POST", "/", {"content-type": "application/octet-stream"})


def client_for(name: str) -> Client:
    """A client of the function in functions/<name>, behind functions-framework's own app.

    The app outlives the test, and so do its limits: one test must not spend another's calls.
    """
    return Client(_app(name), address=None)


def client_of(entry: EntryPoint) -> Client:
    """A client of an entry point that has no folder, served at the same paths as by functions-framework."""
    routes = [Route(path, entry, methods=METHODS) for path in ("/", "/{path:path}")]
    return Client(Starlette(routes=routes))


def _another_address() -> str:
    number = next(_addresses)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@cache
def _app(name: str) -> ASGIApp:
    source = FUNCTIONS / name / "main.py"
    app: ASGIApp = aio.create_asgi_app(name, str(_one_line_main(name, source)), "http")  # type: ignore[no-untyped-call] # it has no types
    return app


def _one_line_main(name: str, source: Path) -> Path:
    """functions-framework loads a file, and this repository's packages must be imported as packages; so does the zip."""
    assert source.exists(), f"there is no {source}"
    root = FUNCTIONS.parent / "build" / "mains" / name / "main.py"
    root.parent.mkdir(parents=True, exist_ok=True)
    root.write_text(f"from functions.{name}.main import {name} as {name}\n", "utf-8")
    return root


def _headers(token: str | None, headers: Mapping[str, str] | None) -> dict[str, str]:
    signed = {"authorization": f"Bearer {token}"} if token else {}
    return {"content-type": "application/json", **signed, **(headers or {})}
