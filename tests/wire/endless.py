"""A model server that says a few words and then nothing more, for tests of clients that leave in the middle."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.wire import openai_format
from tests.wire.server import Reply, Request, running

WORDS = ("One", " two", " three", " four", " five")


@contextmanager
def endless_model() -> Iterator[str]:
    """The base URL of a server that answers so, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = running()
    try:
        started = asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(timeout=10)
        started.answer = _begin
        yield f"{started.url}/v1"
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


def _begin(_: Request) -> Reply:
    return Reply(openai_format.said(*WORDS), ending="hang")
