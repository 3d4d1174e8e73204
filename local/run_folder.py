"""The folder of one run of the stack: who holds it, the token of its push URLs, and where its servers are."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from local.processes import ROOT, StackError
from shared.adapters.local_vault import add_key


class RunFolder:
    """Files under `.local` (or LOCAL_FOLDER), so that `up`, `down` and a restarted gateway agree."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._holder = path / "holder"
        self._token = path / "token"
        self._addresses = path / "environment.json"

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "RunFolder":
        """The folder that LOCAL_FOLDER names, `.local` of the project otherwise."""
        return cls(Path(environment.get("LOCAL_FOLDER") or ROOT / ".local"))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder while a stack runs in it. Raises StackError when another process holds it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self._holder.open("a+", encoding="utf-8") as lock:
            try:
                # The kernel lets go of the lock when the process ends in any way, so no stale lock can remain.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StackError("The stack is already running. `make down` stops it, `make status` shows it.") from error
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            self._forget()
            try:
                yield
            finally:
                self._forget()

    def holder(self) -> int | None:
        """The process id of the running stack, or None."""
        if not self._holder.exists():
            return None
        with self._holder.open("r+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0) or None
        return None

    def token(self) -> str:
        """The run's random token; made once, so that a restarted gateway answers the push URLs of the one before."""
        self.path.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            file = os.open(self._token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "w", encoding="utf-8") as writer:
                writer.write(secrets.token_urlsafe(24))
        return self._token.read_text("utf-8")

    def key_file(self, given: str = "") -> Path:
        """The keys that seal people's own provider keys, in the given file or one of this folder; made where it is missing, and
        kept when the stack stops.
        """
        path = Path(given or self.path / "keys.json").resolve()
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            add_key(path)
        return path

    def publish(self, environment: Mapping[str, str]) -> None:
        """Say where the servers are; from then on the stack counts as ready."""
        draft = self._addresses.with_suffix(".draft")
        draft.write_text(json.dumps(dict(environment), indent=1), "utf-8")
        draft.replace(self._addresses)

    def environment(self) -> dict[str, str]:
        """What `publish` wrote, or nothing before it has."""
        try:
            written: dict[str, str] = json.loads(self._addresses.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return written

    def _forget(self) -> None:
        self._addresses.unlink(missing_ok=True)
        self._token.unlink(missing_ok=True)
