"""What becomes of files that are made to do harm: `python -m benchmarks.hostile_files [--material FOLDER]`.

Each public file of `hostile/files` and `hostile/xml`, and each SVG of `hostile/ssrf`, is planned, read and drawn as in
production, by processes of their own. It is read once more under a hook that counts the sockets and the files outside its folder
that Python opens.
Prints the table of docs/hostile-files.md, and writes benchmarks/results/hostile_files.json.
"""

import argparse
import asyncio
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.table import keep, print_table
from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.extract import extract, judge, plan
from shared.ingest.kinds import accepted_type
from shared.ingest.sandbox import READERS, draw_contained, extract_contained, open_contained

MATERIAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "hostile"
MOST_SECONDS, MOST_MB = 10.0, 512
DRAWN_AT_ONCE = 4
_WRITING = set("wax+")


@dataclass(frozen=True)
class Row:
    """One file; memory is the most of its readers, seconds are of all of them."""

    file: str
    outcome: str
    seconds: float
    peak_mb: float
    sockets: int
    written_elsewhere: int

    @property
    def is_right(self) -> bool:
        """Whether it ended in text or a refusal, in time, in memory, and touched nothing else."""
        ended = self.outcome.startswith("text") or self.outcome in set(FailureCode) - {FailureCode.TOO_SLOW, FailureCode.INTERNAL}
        return ended and self.seconds < MOST_SECONDS and self.peak_mb < MOST_MB and not self.sockets + self.written_elsewhere


def files(material: Path) -> Iterator[Path]:
    """What is tried, in the manifest's order."""
    for line in (material / "manifest.jsonl").read_text("utf-8").splitlines():
        path = material / json.loads(line)["file"]
        if path.parent.name in {"files", "xml"} or path.suffix == ".svg":
            yield path


def tried(path: Path) -> Row:
    """The row of one file, made by a process that reads nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(path, folder))
        command = [sys.executable, "-m", "benchmarks.hostile_files", "--one", str(copy)]
        ran = subprocess.run(command, capture_output=True, check=True, timeout=300)
    return Row(file=f"{path.parent.name}/{path.name}", **json.loads(ran.stdout.splitlines()[-1]))


def read_one(path: Path) -> dict[str, Any]:
    """Read the file as production does, then under the hook."""
    started = time.perf_counter()
    try:
        outcome = asyncio.run(_contained(path))
    except RejectedFileError as refusal:
        outcome = refusal.failure.value
    seconds = round(time.perf_counter() - started, 2)
    # Readers are counted once the process that forked them has been waited for.
    READERS.close()
    peak = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1)
    sockets, elsewhere = _touched(path)
    return {"outcome": outcome, "seconds": seconds, "peak_mb": peak, "sockets": sockets, "written_elsewhere": elsewhere}


async def _contained(path: Path) -> str:
    try:
        declared = accepted_type(path.name, "")
    except RejectedFileError:
        # Refused before the upload; one that lies about its name comes so far.
        declared = "text/plain"
    opened = await open_contained(path, declared)
    planned = opened.plan
    parts = [await extract_contained(path, planned.kind, shard) for shard in range(planned.shards) if not opened.extraction]
    parts += [opened.extraction] if opened.extraction else []
    unseen = [number for part in parts for number in part.unseen]
    for start in range(0, len(unseen), DRAWN_AT_ONCE):
        await draw_contained(path, planned.kind, unseen[start : start + DRAWN_AT_ONCE])
    characters = sum(part.characters for part in parts)
    judge(planned.kind, characters, has_pictures=bool(unseen))
    return f"text ({characters:,} characters)"


def _touched(path: Path) -> tuple[int, int]:
    """How many sockets and how many files outside the folder are opened by reading the file in this process."""
    sockets, elsewhere = list[str](), list[str]()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in {"socket.connect", "socket.getaddrinfo"}:
            sockets.append(event)
        if event == "open" and set(str(arguments[1] or "")) & _WRITING and not str(arguments[0]).startswith(str(path.parent)):
            elsewhere.append(str(arguments[0]))

    sys.addaudithook(hook)
    sys.dont_write_bytecode = True
    # Whatever it dies of was told above; here it matters what it did before.
    with suppress(Exception):
        planned = plan(path, "application/xml" if path.suffix in {".svg", ".xml", ".xsl"} else "application/pdf")
        for shard in range(planned.shards):
            extract(path, planned.kind, shard)
    return len(sockets), len(elsewhere)


def main() -> int:
    """Every file, or the one of a row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--material", type=Path, default=MATERIAL)
    parser.add_argument("--one", type=Path)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(read_one(asked.one)))
        return 0
    if not asked.material.exists():
        print(f"{asked.material} is absent: this benchmark reads its public files from there.")
        return 0
    rows = [tried(path) for path in files(asked.material)]
    print_table([{name: str(value) for name, value in asdict(row).items()} for row in rows])
    wrong = [row.file for row in rows if not row.is_right]
    slowest, most = max(row.seconds for row in rows), max(row.peak_mb for row in rows)
    print(f"{len(rows)} files, {len(wrong)} wrong {wrong or ''}; the slowest {slowest} s, the most memory {most} MB")
    keep("hostile_files", {"files": [asdict(row) for row in rows]})
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
