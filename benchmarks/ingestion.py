"""Pages a minute and peak memory of ours, LangChain's and LlamaIndex's ingestion of the same files with the same embedder.

    python -m benchmarks.ingestion [rounds]

Every run is a process of its own, one after another; only the rows of two workers have two at once. The first time it makes an
environment for the others' libraries (benchmarks/peer_environment.py). Writes benchmarks/results/ingestion.json.
"""

import json
import math
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from pypdfium2 import PdfDocument

from benchmarks.peer_environment import ROOT, peer_python
from benchmarks.process_memory import run_watched
from benchmarks.table import keep, print_table

DOCS = ROOT.parent / "shared" / "data" / "docs"
SYSTEMS = ("ours", "langchain", "llama_index")
ROUNDS = 3
GOAL = 5.0
_CHARACTERS_A_PAGE = 3000

LONG_PDFS = ("financebench/AMCOR_2023_10K.pdf", "financebench/ADOBE_2022_10K.pdf", "pypdf-sample-files/GeoTopo-komprimiert.pdf")
SHORT_PDFS = (
    "docling/redp5110_sampled.pdf",
    "docling/normal_4pages.pdf",
    "financebench/PEPSICO_2023Q1_EARNINGS.pdf",
    "financebench/AMCOR_2023Q4_EARNINGS.pdf",
    "unstructured/multi-column-2p.pdf",
)
_WEB_NAMES = ("aclu", "citylab-1", "ietf-1", "medium-1", "mozilla-1", "wapo-1", "wikipedia")
WEB = tuple(f"readability/{name}.html" for name in _WEB_NAMES)
TEXTS = ("docling/duck.md", "docling/nested.md", "unstructured/UDHR_first_article_all.txt")


class Load(NamedTuple):
    """What is ingested, and with which embedder."""

    name: str
    files: tuple[str, ...]
    embedder: str


LOADS = (
    Load("long PDFs", LONG_PDFS, "free"),
    Load("short PDFs", SHORT_PDFS, "free"),
    Load("web pages", WEB, "free"),
    Load("texts", TEXTS, "free"),
    Load("mix", (*LONG_PDFS, *SHORT_PDFS, *WEB, *TEXTS), "free"),
    Load("small mix", ("financebench/AMCOR_2023Q4_EARNINGS.pdf", *WEB[:2], *TEXTS[:2]), "minilm"),
)


@dataclass(frozen=True)
class Row:
    """One system at one load; `peak_mib` is the most of the process and its children, of all workers together."""

    load: str
    embedder: str
    system: str
    workers: int
    pages: int
    passages: int
    seconds: float
    peak_mib: float

    @property
    def pages_a_minute(self) -> float:
        """Of all workers together."""
        return 60 * self.pages * self.workers / self.seconds


def pages_of(path: Path) -> int:
    """A PDF's own, one of a web page, and a text's by 3,000 characters."""
    if path.suffix == ".pdf":
        with PdfDocument(path) as document:
            return len(document)
    return 1 if path.suffix == ".html" else math.ceil(len(path.read_text("utf-8")) / _CHARACTERS_A_PAGE)


def measure(load: Load, system: str, rounds: int, workers: int = 1) -> Row:
    """The median round."""
    rows = sorted((_round(load, system, workers) for _ in range(rounds)), key=lambda row: row.seconds)
    return rows[len(rows) // 2]


def _round(load: Load, system: str, workers: int) -> Row:
    """Each worker ingests the whole load, so that perfect workers take no longer than one."""
    files = [DOCS / name for name in load.files]
    python = sys.executable if system == "ours" else str(peer_python())
    command = [python, "-m", "benchmarks.ingesting.worker", system, load.embedder, *map(str, files)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    with ThreadPoolExecutor(workers) as pool:
        ran = list(pool.map(lambda _: run_watched(command, environment), range(workers)))
    if any(each.returncode for each in ran):
        raise RuntimeError(f"{system} did not ingest {load.name}; its errors stand above.")
    said = [json.loads(each.output.splitlines()[-1]) for each in ran]
    return Row(
        load=load.name,
        embedder=load.embedder,
        system=system,
        workers=workers,
        pages=sum(map(pages_of, files)),
        passages=said[0]["passages"],
        seconds=max(each["seconds"] for each in said),
        peak_mib=sum(each.peak.mib["resident"] for each in ran),
    )


def shown(row: Row, rows: Sequence[Row]) -> dict[str, str]:
    """A row of the table; its ratio is to LangChain with as many workers, where it was measured so."""
    peers = [other for other in rows if (other.load, other.system, other.workers) == (row.load, "langchain", row.workers)]
    return {
        "load": row.load,
        "embedder": row.embedder,
        "system": row.system,
        "workers": str(row.workers),
        "pages": str(row.pages),
        "passages": str(row.passages),
        "seconds": f"{row.seconds:.2f}",
        "pages a minute": f"{row.pages_a_minute:,.0f}",
        "÷ LangChain": f"{row.pages_a_minute / peers[0].pages_a_minute:.2f}" if peers else "",
        "peak MiB": f"{row.peak_mib:.0f}",
    }


def report(rows: Sequence[Row]) -> None:
    """Prints and keeps the table, and what it says of the goals."""
    print_table([shown(row, rows) for row in rows])
    rates = {(row.load, row.system, row.workers): row.pages_a_minute for row in rows}
    free = [load.name for load in LOADS if load.embedder == "free"]
    ratios = {name: rates[name, "ours", 1] / rates[name, "langchain", 1] for name in free}
    told = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
    print(f"\nTimes LangChain's pages a minute, free embedder, goal {GOAL:.0f}: {told}")
    print(f"Two workers do {rates['mix', 'ours', 2] / rates['mix', 'ours', 1]:.2f} times the pages of one (mix, free embedder)")
    keep("ingestion", {"rows": [asdict(row) | {"pages_a_minute": round(row.pages_a_minute)} for row in rows], "ratios": ratios})


def main(rounds: int = ROUNDS) -> int:
    """Exit code 0 where everything could be measured, whatever came out."""
    if not DOCS.exists():
        print(f"The public test files are not at {DOCS}; nothing was measured.")
        return 2
    rows = [measure(load, system, rounds) for load in LOADS for system in SYSTEMS]
    mix = next(load for load in LOADS if load.name == "mix")
    rows += [measure(mix, system, rounds, workers=2) for system in SYSTEMS]
    report(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
