"""Many people who chat at once: each stream a connection of its own, its lines timed as they come, its answer checked."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

from local.ports import HOST

_DEADLINE_SECONDS = 280.0
Done = TypeVar("Done")


@dataclass(frozen=True)
class Person:
    """One signed-in owner of one bot."""

    uid: str
    id_token: str
    bot_id: str


@dataclass
class Streamed:
    """One stream in seconds since it was asked; `fault` says why it is not whole."""

    first_event: float | None = None
    first_token: float | None = None
    whole: float | None = None
    fault: str = "no result"


async def ask(port: int, person: Person) -> Streamed:
    """Ask the person's bot in a new conversation and read to the end; nothing that goes wrong is raised."""
    streamed, began = Streamed(), perf_counter()
    try:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(_request(person))
            await _follow(reader, streamed, began)
            writer.close()
    except (OSError, TimeoutError) as error:
        streamed.fault = repr(error)
    return streamed


async def _follow(reader: asyncio.StreamReader, streamed: Streamed, began: float) -> None:
    """The server sends a frame a chunk, so each event stands on a line of its own."""
    said: list[str] = []
    async for line in reader:
        if line.startswith(b"data: "):
            now = perf_counter() - began
            event = json.loads(line[len(b"data: ") :])
            streamed.first_event = streamed.first_event or now
            message = event.get("message", {})
            if message.get("type") == "token":
                streamed.first_token = streamed.first_token or now
                said.append(message["text"])
            elif "message" not in event:
                streamed.whole, streamed.fault = now, fault_of(event, "".join(said))
        elif line == b"0\r\n":
            return


def fault_of(last: dict[str, dict[str, Any]], said: str) -> str:
    """Why a stream with that last event is not whole; empty where it is."""
    result = last.get("result")
    if result is None:
        error = last.get("error", {})
        return f"{error.get('status')}: {error.get('message')}"
    if result["status"] != "done":
        return f"the turn is {result['status']}"
    return "" if result["answer"] == said else "the tokens are not the answer"


def _request(person: Person) -> bytes:
    body = json.dumps({"data": {"bot_id": person.bot_id, "message": "Which passages speak of the harbour in winter?"}})
    head = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {person.id_token}\r\nAccept: text/event-stream\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


async def keep_open(concurrency: int, total: int, work: Callable[[int], Awaitable[Done]]) -> list[Done]:
    """So many at once from the first moment, until the total is done; each is told its number."""
    numbers = iter(range(total))

    async def one_after_another() -> list[Done]:
        return [await work(number) for number in numbers]

    workers: Sequence[list[Done]] = await asyncio.gather(*(one_after_another() for _ in range(concurrency)))
    return [done for each in workers for done in each]


async def arrive(per_second: float, total: int, work: Callable[[int], Awaitable[Done]]) -> list[Done]:
    """Begun on a timetable, whether or not those before have ended."""
    began = perf_counter()

    async def on_time(number: int) -> Done:
        await asyncio.sleep(began + number / per_second - perf_counter())
        return await work(number)

    return await asyncio.gather(*(on_time(number) for number in range(total)))
