"""Has readers forked: starts the processes that do so, keeps a few, and sees to it that no reader outlives its time."""

import asyncio
import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from shared.core.errors import UnavailableError

MOST_IDLE = 2
"""Servers that wait for the next file; each holds some 40 MB, most of it in common with its readers."""

_ROOT = Path(__file__).resolve().parents[2]
_COMMAND = (sys.executable, "-m", "shared.ingest.server")


class Forks:
    """Servers of one command. They serve threads and event loops alike, one reader at a time each."""

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._command = command
        self._idle: list[_Server] = []
        self._lock = threading.Lock()
        atexit.register(self.close)

    async def run(self, order: Mapping[str, Any], seconds: float) -> int:
        """The exit code of a reader that was given the order, negative for a signal.

        Raises TimeoutError after `seconds`, and UnavailableError where its server died. However it ends, the reader is gone.
        """
        server = await asyncio.to_thread(self._taken)
        reading = asyncio.ensure_future(asyncio.to_thread(server.read, order))
        try:
            async with asyncio.timeout(seconds):
                code = await asyncio.shield(reading)
        finally:
            if not reading.done():
                # Also where our own task was cancelled: a reader that nobody waits for would keep its memory.
                server.close()
                await asyncio.wait({reading})
        self._give_back(server)
        return code

    def close(self) -> None:
        """End the servers that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for server in idle:
            server.close()

    def _taken(self) -> "_Server":
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _Server(self._command)

    def _give_back(self, server: "_Server") -> None:
        with self._lock:
            if len(self._idle) < MOST_IDLE:
                self._idle.append(server)
                return
        server.close()


class _Server:
    def __init__(self, command: Sequence[str]) -> None:
        # A session of its own, so that it can be ended together with its reader.
        self._process = subprocess.Popen(  # noqa: S603 - Our own module.
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT, env=_environment(), start_new_session=True
        )
        self._orders, self._answers = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)

    def read(self, order: Mapping[str, Any]) -> int:
        """As Forks.run, without a limit of time."""
        try:
            self._orders.write(json.dumps(order).encode() + b"\n")
            self._orders.flush()
            return int(self._answers.readline())
        except (OSError, ValueError) as error:
            self.close()
            raise UnavailableError("The process that has files read has ended.") from error

    def close(self) -> None:
        """End it, and its reader with it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._orders, self._answers):
            with suppress(OSError):
                pipe.close()


def _environment() -> dict[str, str]:
    """The import path and nothing else of our environment: what reads hostile files holds no secrets."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"}
