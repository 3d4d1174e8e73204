"""Child processes that cannot outlive their parent, however it ends: one process group with a watchdog as its leader."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

# The parent holds the other end of the watchdog's standard input; when the parent is gone, by SIGKILL even, `read` ends and the
# whole group is killed, grandchildren included. Process groups do this on Linux and macOS alike.
_WATCHDOG = ("/bin/sh", "-c", "trap '' HUP INT TERM; read -r _; kill -9 0")
_GRACE_SECONDS = 3.0
_POLL_SECONDS = 0.05
READY_SECONDS = 180.0
ROOT = Path(__file__).resolve().parents[1]


class StackError(Exception):
    """Something that the person at the terminal can act on; the message is the whole explanation."""


class Child:
    """One server of the stack with the log file that holds its output."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, ready_url: str) -> None:
        self.name = name
        self.process = process
        self.log = log
        self._ready_url = ready_url

    def is_running(self) -> bool:
        """Whether the process has not ended yet."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End the process at once and wait for it."""
        self.process.kill()
        self.process.wait()

    def wait_until_ready(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Return when it answers; raises StackError with the log's last lines when it ends first or takes too long."""
        deadline = monotonic() + timeout_seconds
        while not _answers(self._ready_url):
            if not self.is_running():
                raise StackError(f"{self.name} stopped while starting. {self._last_words()}")
            if monotonic() > deadline:
                raise StackError(f"{self.name} was not ready after {timeout_seconds:.0f} s. {self._last_words()}")
            sleep(_POLL_SECONDS)

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()[-5:]
        return f"The end of {self.log}:\n" + "\n".join(f"  {line}" for line in lines)


class ProcessGroup:
    """Starts servers and stops all of them together; leaving the `with` block stops what runs."""

    def __init__(self, log_folder: Path) -> None:
        log_folder.mkdir(parents=True, exist_ok=True)
        for log_of_an_earlier_run in log_folder.glob("*.log"):
            log_of_an_earlier_run.unlink()
        self._log_folder = log_folder
        self._children: list[Child] = []
        self._watchdog = subprocess.Popen(_WATCHDOG, stdin=subprocess.PIPE, process_group=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str | Path], environment: Mapping[str, str], ready_url: str) -> Child:
        """Start one server, ready when `ready_url` answers; its output goes to a file of its name in the log folder."""
        log = self._log_folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=self._watchdog.pid,
            )
        child = Child(name, process, log, ready_url)
        self._children.append(child)
        return child

    def stop(self) -> None:
        """Ask every server to end, then kill what is left of the group; calling it twice is harmless."""
        for child in self._children:
            child.process.terminate()
        deadline = monotonic() + _GRACE_SECONDS
        while monotonic() < deadline and any(child.is_running() for child in self._children):
            sleep(_POLL_SECONDS)
        if self._watchdog.stdin and not self._watchdog.stdin.closed:
            self._watchdog.stdin.close()
        self._watchdog.wait()
        for child in self._children:
            child.process.wait()


def _answers(url: str) -> bool:
    """Whether a GET of the URL is answered with a success."""
    try:
        with urlopen(url, timeout=2) as reply:  # noqa: S310 - the URL is one of our own loopback addresses
            return bool(reply.status < 400)  # noqa: PLR2004 - the first status that is no success
    except (URLError, OSError):
        return False
