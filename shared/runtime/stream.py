"""Server-sent events as the callable protocol has them: messages, heartbeat comments, then exactly one result or error."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.core.errors import CancelledError, DeadlineExceededError, InternalError, SynapseError
from shared.core.log import logger
from shared.domain.events import Event
from shared.runtime import replies
from shared.runtime.boundary import attempt

Outputs = AsyncGenerator[BaseModel | bytes | None, None]
"""What a use case yields: events, and last its result, as a model, as JSON, or None for a use case that answers nothing."""

Answer = TypeVar("Answer")

_PING = b": ping\n\n"
# Proxies otherwise compress the events, or collect them until the stream ends.
_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


def to_json_bytes(output: BaseModel | bytes | None) -> bytes:
    """One line of JSON."""
    if isinstance(output, BaseModel):
        return output.model_dump_json().encode()
    return output or b"null"


@dataclass(frozen=True)
class Pace:
    """How often an idle stream shows that it lives, and how long it may."""

    heartbeat_seconds: float
    timeout_seconds: float


class EventStream(Response):
    """Streams a use case's outputs; the status waits for the first frame, so an early refusal has its own."""

    media_type = "text/event-stream"

    def __init__(self, outputs: Outputs, pace: Pace) -> None:
        # Not Response's own constructor: it would announce the length of a body that is not there yet.
        self.status_code = 200
        self.background = None
        self.init_headers(_HEADERS)
        self._outputs = outputs
        self._pace = pace

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Run the use case to its end, or close it as soon as the client is gone or its time is up."""
        started = perf_counter()
        channel = _Channel(self, send)
        relay = asyncio.create_task(self._relay(channel))
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await self._attend(relay, gone, channel)
            await channel.close()
        finally:
            await _stop(relay, gone)
            about = {"outcome": channel.outcome, "milliseconds": round((perf_counter() - started) * 1000, 1)}
            logger.info("streamed", extra=about)

    async def _attend(self, relay: "asyncio.Task[None]", gone: "asyncio.Task[None]", channel: "_Channel") -> None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._pace.timeout_seconds
        while not relay.done():
            # Whichever comes first: the stream must end before the platform cuts it, even between two heartbeats.
            patience = min(self._pace.heartbeat_seconds, max(0.0, deadline - clock()))
            done, _ = await asyncio.wait({relay, gone}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if gone in done:
                channel.lose()
                return
            if not done and clock() >= deadline:
                await _stop(relay)
                # The use case has ended and cleaned up by now, so a client that asks again at once finds what it left.
                await channel.fail(DeadlineExceededError("The answer took too long; try again."))
            elif not done:
                await channel.ping()

    async def _relay(self, channel: "_Channel") -> None:
        result = await attempt(last_output(self._outputs, channel.message))
        if isinstance(result, SynapseError):
            await channel.fail(result)
        else:
            await channel.finish(result)


async def last_output(outputs: Outputs, on_event: Callable[[Event], Awaitable[None]]) -> BaseModel | bytes | None:
    """The result, once the use case has ended well; events are handed on as they come.

    Raises InternalError for a use case that yields no result, or anything after it.
    """
    results: list[BaseModel | bytes | None] = []
    async with aclosing(outputs) as ended:
        async for output in ended:
            # The result waits for the generator's end, so that a failing clean-up can still become the one last event.
            if results:
                raise InternalError("the use case went on after its result")
            if isinstance(output, Event):
                await on_event(output)
            else:
                results.append(output)
    if not results:
        raise InternalError("the use case ended without a result")
    return results[0]


class _Channel:
    """The wire of one stream: one frame at a time, nothing after the last one, silence once the client is gone.

    `outcome` is what the last frame told, or `left` where none was sent.
    """

    def __init__(self, response: EventStream, send: Send) -> None:
        self._response = response
        self._send = send
        self._turn = asyncio.Lock()
        self._started = False
        self._lost = False
        self.outcome = "left"

    async def message(self, event: Event) -> None:
        """One event. Raises CancelledError when the client is gone."""
        await self._frame(b'data: {"message":' + to_json_bytes(event) + b"}\n\n")
        if self._lost:
            raise CancelledError("The client went away.")

    async def finish(self, result: BaseModel | bytes | None) -> None:
        """The last frame of a stream that ended well."""
        await self._last("result", b'data: {"result":' + to_json_bytes(result) + b"}\n\n")

    async def fail(self, error: SynapseError) -> None:
        """The last frame of one that did not; as the first frame it also decides the status."""
        if not self._started:
            self._response.status_code = replies.status_of(error)
            self._response.headers.update(replies.headers_of(error))
        await self._last("error", replies.error_frame(error))

    async def ping(self) -> None:
        """A comment, so that no proxy takes an idle stream for a dead one."""
        await self._frame(_PING)

    def lose(self) -> None:
        """The client is gone: send nothing more."""
        self._lost = True

    async def close(self) -> None:
        """End the response."""
        if not self._lost:
            await self._frame(b"", more=False)

    async def _last(self, outcome: str, frame: bytes) -> None:
        if self.outcome == "left":
            self.outcome = outcome
            await self._frame(frame)

    async def _frame(self, frame: bytes, *, more: bool = True) -> None:
        """Frames come from the relay and from the heartbeat, so they take turns."""
        async with self._turn:
            if self._lost:
                return
            try:
                if not self._started:
                    self._started = True
                    start = {"type": "http.response.start", "status": self._response.status_code}
                    await self._send({**start, "headers": self._response.raw_headers})
                await self._send({"type": "http.response.body", "body": frame, "more_body": more})
            except OSError:
                # ASGI 2.4 servers tell of a disconnect here, older ones by `http.disconnect` alone.
                self._lost = True


async def while_connected(receive: Receive, work: Coroutine[Any, Any, Answer]) -> Answer:
    """The work's answer. When the client goes away first, the work is cancelled and CancelledError raised."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnected(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise CancelledError("The client went away.")
        return task.result()
    finally:
        await _stop(task, gone)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _stop(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel what still runs and wait for its clean-up: the platform gives no processor time once the request has ended."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
