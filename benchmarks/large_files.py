"""Whether two large files pass in 512 MiB: a PDF of 2,000 pages and 100 MB, and a table of 300,000 rows.

    python -m benchmarks.large_files [pdf|csv]

Runs the real stages up to the chunks over every shard, each delivery in a process of its own. Memory is that of the process and
its child with the files in its temporary folder, all of which count in the cloud. Writes benchmarks/results/large_files.json.
"""

import asyncio
import json
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.assembly_line import AssemblyLine
from benchmarks.large_made import make_csv, make_pdf
from benchmarks.process_memory import MIB, Peak, Ran, run_watched
from benchmarks.stub_model import FixedEmbedder
from benchmarks.table import keep, print_table
from shared.adapters.minilm_tokens import MiniLmTokenCounter
from shared.domain.document import Document

ROOT = Path(__file__).resolve().parents[1]
GOAL_MIB = 512
MEASURED = ("extract-document", "chunk-document")


class Made(NamedTuple):
    """A large file and its maker."""

    name: str
    make: Callable[[Path], None]


FILES = (Made("handbook.pdf", make_pdf), Made("orders.csv", make_csv))


@dataclass(frozen=True)
class Row:
    """One stage over all deliveries of one file; memory is the most of any delivery, in MiB."""

    file: str
    stage: str
    deliveries: int
    seconds: float
    slowest_seconds: float
    resident: float
    temporary: float
    together: float


@dataclass(frozen=True)
class Learned:
    """What became of one file."""

    file: str
    mebibytes: float
    status: str
    failure: str
    pages: int | None
    chunks: int | None
    stages: tuple[Row, ...]

    @property
    def fits(self) -> bool:
        """Whether it was cut into chunks within the goal."""
        return self.status == "embedding" and all(row.together <= GOAL_MIB for row in self.stages)


def learn(made: Made, folder: Path) -> Learned:
    """Make the file and take it through the stages."""
    path, line_path, blobs = folder / made.name, folder / "line", folder / "blobs"
    blobs.mkdir()
    made.make(path)
    line = AssemblyLine(blobs)
    document_id = asyncio.run(_upload(line, path))
    line_path.write_bytes(pickle.dumps(line))
    ran: dict[str, list[Ran]] = {topic: [] for topic in MEASURED}
    for topic, body in _deliveries(line_path):
        ran[topic].append(_deliver(line_path, topic, body))
    stages = tuple(_row(made.name, topic, deliveries) for topic, deliveries in ran.items() if deliveries)
    return _learned(path, _line(line_path).document(document_id), stages)


async def _upload(line: AssemblyLine, path: Path) -> str:
    embedder = FixedEmbedder()
    with line.running(embedder, MiniLmTokenCounter(embedder.spec.max_tokens)):
        return await line.upload(path)


def _line(line_path: Path) -> AssemblyLine:
    line: AssemblyLine = pickle.loads(line_path.read_bytes())  # noqa: S301 - its own, written just now
    return line


def _deliveries(line_path: Path) -> Iterator[tuple[str, str]]:
    """Each waiting message, which is taken off the line before it is given; what the deliveries publish comes too."""
    while True:
        line = _line(line_path)
        topic = next((topic for topic in MEASURED if line.queue.topics.get(topic)), None)
        if topic is None:
            return
        message = line.queue.topics[topic].pop(0)
        line_path.write_bytes(pickle.dumps(line))
        yield topic, json.dumps(message.body)


def _deliver(line_path: Path, topic: str, body: str) -> Ran:
    """Raises RuntimeError where the stage did not acknowledge."""
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "benchmarks.one_delivery", str(line_path), topic, body]
        ran = run_watched(command, {**os.environ, "TMPDIR": temporary, "PYTHONPATH": str(ROOT)}, Path(temporary))
    if ran.returncode:
        raise RuntimeError(f"{topic} ended with {ran.returncode}; its errors stand above.")
    return ran


def _row(file: str, topic: str, deliveries: list[Ran]) -> Row:
    seconds = [ran.seconds for ran in deliveries]
    most = {name: max(ran.peak.mib[name] for ran in deliveries) for name in vars(Peak())}
    return Row(file, topic, len(deliveries), round(sum(seconds), 1), round(max(seconds), 2), **most)


def _learned(path: Path, document: Document, stages: tuple[Row, ...]) -> Learned:
    failure = document.failure.message if document.failure else ""
    size = round(path.stat().st_size / MIB, 1)
    return Learned(path.name, size, document.status.value, failure, document.pages, document.chunks, stages)


def report(learned: list[Learned]) -> None:
    """Prints and keeps both tables."""
    print_table([{name: str(value) for name, value in asdict(row).items()} for each in learned for row in each.stages])
    for each in learned:
        fits = f"within {GOAL_MIB} MiB" if each.fits else f"NOT within {GOAL_MIB} MiB"
        print(
            f"{each.file}, {each.mebibytes} MiB: {each.status}, {each.pages} pages, {each.chunks} chunks, {fits}. {each.failure}"
        )
    if len(learned) == len(FILES):
        keep("large_files", {"goal_mib": GOAL_MIB, "files": [asdict(each) | {"fits": each.fits} for each in learned]})


def main(part: str) -> int:
    """Exit code 0 only if every file passes within the goal."""
    learned, began = [], time.perf_counter()
    for made in FILES:
        if part in made.name:
            with tempfile.TemporaryDirectory() as folder:
                learned.append(learn(made, Path(folder)))
    report(learned)
    print(f"{time.perf_counter() - began:.0f} s in all")
    return 0 if all(each.fits for each in learned) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
