"""The functions on a loopback port, in this process, so that what stands behind their ports is the test's own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import uvicorn
from starlette.types import ASGIApp

START_SECONDS = 10.0


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The server's address; it runs in a thread with an event loop of its own, and ends with the block."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = monotonic() + START_SECONDS
        while not server.started:
            assert thread.is_alive(), "the server ended while it started"
            assert monotonic() < deadline, "the server did not start"
            sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)
