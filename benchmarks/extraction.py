"""Whether real files end as they should, and how much of their words is read, beside stock tools on the same files.

    python -m benchmarks.extraction [name part]

Reads the public files in ../shared/data/docs (see its manifest); each goes through the child process as in production. Prints
a table by format, one beside stock tools (benchmarks/stock_readers.py), and every surprise; writes
benchmarks/results/extraction.json where all files were read.
"""

import asyncio
import gzip
import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.overlap import Overlap, flattened, overlap
from benchmarks.stock_readers import stock_reader
from benchmarks.table import keep, print_table
from shared.domain.document import RejectedFileError
from shared.ingest.extract import judge
from shared.ingest.kinds import accepted_type
from shared.ingest.sandbox import READERS, extract_contained, open_contained

DOCS = Path(__file__).resolve().parents[2] / "shared" / "data" / "docs"
READ = {"pdf", "html", "html.gz", "txt", "md", "docx", "pptx", "odt", "odp", "epub", "rtf", "asciidoc"}
READ |= {"xlsx", "xls", "ods", "csv", "xml", "eml", "png", "jpg", "jpeg"}
SCANNED = {"scanned", "no-text-layer", "image-only", "image-text"}
EITHER = {
    "corrupt": {"ok", "corrupt"},
    "attachment": {"ok", "empty", "needs_ocr"},
}  # Files whose right outcome is a matter of taste.
_LITTLE = 0.8  # Of the words: a file of which less is read is printed.


@dataclass
class Outcome:
    """What became of one file; `overlap` is None where the manifest expects no text, or none was read."""

    file: str
    type: str
    expected: list[str]
    outcome: str
    sentence: str = ""
    pages: int | None = None
    seconds: float = 0.0
    overlap: Overlap | None = None
    missing: int = 0
    unwanted: int = 0

    @property
    def is_right(self) -> bool:
        """Whether the outcome's class is one of the expected."""
        return self.outcome in self.expected


def expected_outcomes(row: dict[str, Any]) -> set[str]:
    """The outcome classes that the manifest's tags and facts allow."""
    tags, facts, expected = set(row["tags"]), row.get("facts", {}), row["expected"]
    if row["type"] not in READ:
        return {"unsupported_type"}
    for tag, outcomes in EITHER.items():
        if tag in tags:
            return outcomes
    if tags & SCANNED:
        return {"needs_ocr"}
    if row["type"] == "eml":
        # One without a body still says in its headers who wrote to whom.
        return {"encrypted"} if "encrypted" in tags else {"ok"}
    if "empty" in tags:
        return {"empty"}
    # Of a PDF without a password's name, readers that try the empty one disagree; what others say of themselves is taken.
    told = row["type"] != "pdf" or expected.get("password")
    opens = expected.get("opens_without_password", True) if told else True
    locked = "encrypted" in tags and (facts.get("pdftotext_exit") == 1 or not opens)
    return {"encrypted"} if locked else {"ok"}


async def read(row: dict[str, Any], folder: Path) -> tuple[Outcome, str]:
    """Take the file through the pipeline's steps: declared type, plan, every shard, judgement."""
    outcome = Outcome(row["file"], row["type"], sorted(expected_outcomes(row)), "ok")
    path = unpacked(DOCS / row["file"], folder)
    started, texts = time.perf_counter(), list[str]()
    try:
        opened = await open_contained(path, accepted_type(path.name, ""))
        plan = opened.plan
        outcome.pages = plan.pages
        shards = range(plan.shards)
        parts = (
            [opened.extraction] if opened.extraction else [await extract_contained(path, plan.kind, shard) for shard in shards]
        )
        texts = [page.text for part in parts for page in part.pages]
        judge(plan.kind, sum(part.characters for part in parts), has_pictures=any(part.has_pictures for part in parts))
    except RejectedFileError as refusal:
        outcome.outcome, outcome.sentence = refusal.failure.value, refusal.message
    outcome.seconds = round(time.perf_counter() - started, 2)
    return outcome, "\n".join(texts)


def unpacked(path: Path, folder: Path) -> Path:
    """Web pages are kept compressed; everything else is read where it lies."""
    if not path.name.endswith(".html.gz"):
        return path
    plain = folder / path.name.removesuffix(".gz")
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    return plain


def score(outcome: Outcome, text: str, row: dict[str, Any]) -> None:
    """Compare the text with what the manifest expects of it."""
    expected = row["expected"]
    if text:
        flat = flattened(text)
        outcome.missing = sum(flattened(each) not in flat for each in expected.get("must_include", []))
        outcome.unwanted = sum(flattened(each) in flat for each in expected.get("must_not_include", []))
        outcome.overlap = overlap(text, wanted) if (wanted := wanted_text(row)) else None


def wanted_text(row: dict[str, Any]) -> str | None:
    """What the file should be read as, where the manifest says that."""
    name = row["expected"].get("text_file")
    return (DOCS / name).read_text("utf-8", "replace") if name else None


def average(overlaps: Iterable[Overlap | None], figure: str) -> str:
    """The mean of those that are known, to three places."""
    known = [getattr(each, figure) for each in overlaps if each is not None]
    return f"{mean(known):.3f}" if known else ""


def by_format(outcomes: Sequence[Outcome]) -> list[dict[str, str]]:
    """A row a format: outcomes, words, and phrases that must or must not be there."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.type if outcome.type in READ else "refused formats"].append(outcome)
    return [
        {
            "format": name,
            "outcome right": f"{sum(each.is_right for each in group)} of {len(group)}",
            "with a text to compare": str(sum(each.overlap is not None for each in group)),
            "word recall": average([each.overlap for each in group], "recall"),
            "word F1": average([each.overlap for each in group], "f1"),
            "4-gram F1": average([each.overlap for each in group], "fourgram_f1"),
            "phrases missing": str(sum(each.missing for each in group)),
            "unwanted": str(sum(each.unwanted for each in group)),
            "slowest s": f"{max(each.seconds for each in group):.2f}",
        }
        for name, group in sorted(groups.items())
    ]


def beside_stock(read: Sequence[tuple[Outcome, dict[str, Any]]]) -> list[dict[str, str]]:
    """A row a format that a stock tool reads, over the files in which both find something."""
    groups: dict[str, dict[Path, tuple[Overlap, str]]] = defaultdict(dict)
    for outcome, row in read:
        if outcome.overlap and (wanted := wanted_text(row)):
            groups[outcome.type][DOCS / outcome.file] = outcome.overlap, wanted
    rows = []
    for kind, files in sorted(groups.items()):
        if tool := stock_reader(kind):
            name, texts = tool[0], tool[1](list(files))
            pairs = [(files[file][0], overlap(text, files[file][1])) for file, text in texts.items() if text]
            rows.append(_beside(kind, name, [ours for ours, _ in pairs], [theirs for _, theirs in pairs]))
    return rows


def _beside(kind: str, tool: str, ours: Sequence[Overlap], theirs: Sequence[Overlap]) -> dict[str, str]:
    row = {"format": kind, "files": str(len(ours)), "tool": tool}
    for figure, name in (("recall", "word recall"), ("f1", "word F1"), ("fourgram_f1", "4-gram F1")):
        row |= {f"{name}: ours": average(ours, figure), f"{name}: tool": average(theirs, figure)}
    return row


async def main(part: str) -> int:
    """Read every file of the manifest whose name holds `part`; exit code 1 where one ends as it should not."""
    if not DOCS.exists():
        print(f"{DOCS} is absent: this benchmark reads its public files from there.")
        return 0
    read_files = []
    with tempfile.TemporaryDirectory() as folder:
        for row in map(json.loads, (DOCS / "manifest.jsonl").read_text().splitlines()):
            if part in row["file"]:
                outcome, text = await read(row, Path(folder))
                score(outcome, text, row)
                read_files.append((outcome, row))
    # Readers are counted once the process that forked them has been waited for.
    READERS.close()
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return report(read_files, peak_mib, is_whole=not part)


def report(read_files: Sequence[tuple[Outcome, dict[str, Any]]], peak_mib: int, *, is_whole: bool) -> int:
    """Prints the tables and the surprises, and keeps the figures of a run over all files."""
    outcomes = [outcome for outcome, _ in read_files]
    formats, stock = by_format(outcomes), beside_stock(read_files)
    for table in (formats, stock):
        if table:
            print_table(table)
            print()
    for each in outcomes:
        if not each.is_right or (each.overlap and each.overlap.recall < _LITTLE):
            print(f"{each.file}: {each.outcome}, expected {'/'.join(each.expected)}; {each.overlap}")
    print(f"Most memory of a reader: {peak_mib} MiB")
    if is_whole:
        files = [asdict(each) | {"overlap": each.overlap and each.overlap._asdict()} for each in outcomes]
        keep("extraction", {"peak_reader_mib": peak_mib, "formats": formats, "stock": stock, "files": files})
    return 0 if all(each.is_right for each in outcomes) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "")))
