"""What a process and its children hold: resident memory, and files in their temporary folder, which is memory in the cloud."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_EVERY_SECONDS = 0.02
MIB = 2**20


@dataclass
class Peak:
    """The most at any one moment; pages that parent and child share are counted in each."""

    resident: int = 0
    temporary: int = 0
    together: int = 0

    def see(self, resident: int, temporary: int) -> None:
        """Take in one look."""
        self.resident = max(self.resident, resident)
        self.temporary = max(self.temporary, temporary)
        self.together = max(self.together, resident + temporary)

    @property
    def mib(self) -> dict[str, float]:
        """All three, as a table shows them."""
        return {name: round(value / MIB, 1) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it took."""

    returncode: int
    output: str
    seconds: float
    peak: Peak


def run_watched(command: Sequence[str], environment: dict[str, str], temporary: Path | None = None) -> Ran:
    """Run the command to its end; its standard output is kept, its errors are shown."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    peak, ended = Peak(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, temporary, peak, ended))
    watcher.start()
    try:
        output, _ = process.communicate()
    finally:
        process.kill()
        ended.set()
        watcher.join()
    return Ran(process.returncode, output, time.perf_counter() - began, peak)


def _watch(root: int, temporary: Path | None, peak: Peak, ended: threading.Event) -> None:
    while not ended.wait(_EVERY_SECONDS):
        family = family_of(root)
        peak.see(sum(map(resident_bytes, family)), temporary_bytes(family, temporary) if temporary else 0)


def family_of(root: int) -> list[int]:
    """The process and all below it that are still there."""
    family = [root]
    for pid in family:
        try:
            # A child is listed with the thread that started it.
            children = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
        except OSError:
            continue
        family += map(int, " ".join(children).split())
    return family


def resident_bytes(pid: int) -> int:
    """Resident now; 0 once it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def temporary_bytes(family: Sequence[int], folder: Path) -> int:
    """Files under the folder, and those that were removed from it but are still open."""
    sizes: dict[int, int] = {}
    for path in (*folder.rglob("*"), *_open_files(family, folder)):
        try:
            found = path.stat()
        except OSError:
            continue
        # By inode, since most files are both in the folder and open.
        sizes[found.st_ino] = found.st_blocks * 512
    return sum(sizes.values())


def _open_files(family: Sequence[int], folder: Path) -> Iterator[Path]:
    for pid in family:
        try:
            yield from [path for path in Path(f"/proc/{pid}/fd").iterdir() if str(path.readlink()).startswith(str(folder))]
        except OSError:
            continue
