"""Whether real files end as they should, and how much of their words is read: `python -m benchmarks.extraction [name part]`.

Reads the public files in ../shared/data/docs (see its manifest); each goes through the child process as in production. Prints
a table by format and every surprise, and writes build/benchmarks/extraction.json.
"""

import asyncio
import gzip
import html
import json
import re
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from shared.domain.document import RejectedFileError
from shared.ingest.extract import judge
from shared.ingest.kinds import accepted_type
from shared.ingest.sandbox import extract_contained, open_contained

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT.parent / "shared" / "data" / "docs"
RESULTS = ROOT / "build" / "benchmarks" / "extraction.json"
READ = {"pdf", "html", "html.gz", "txt", "md", "docx", "pptx", "odt", "odp", "epub", "rtf", "asciidoc"}
READ |= {"xlsx", "xls", "ods", "csv", "xml", "eml", "png", "jpg", "jpeg"}
WORD = re.compile(r"\w+")
SCANNED = {"scanned", "no-text-layer", "image-only", "image-text"}
EITHER = {
    "corrupt": {"ok", "corrupt"},
    "attachment": {"ok", "empty", "needs_ocr"},
}  # Files whose right outcome is a matter of taste.


@dataclass
class Outcome:
    """What became of one file; figures are None where the manifest expects no text."""

    file: str
    type: str
    expected: list[str]
    outcome: str
    sentence: str = ""
    pages: int | None = None
    seconds: float = 0.0
    word_recall: float | None = None
    fourgram_f1: float | None = None
    missing: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)

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
    if text and (name := expected.get("text_file")):
        wanted = readable((DOCS / name).read_text("utf-8", "replace"))
        outcome.word_recall = overlap(words(text), words(wanted))[1]
        if "news" in row["tags"]:
            precision, recall = overlap(fourgrams(text), fourgrams(wanted))
            outcome.fourgram_f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    if text:
        flat = flattened(text)
        outcome.missing = [each for each in expected.get("must_include", []) if flattened(each) not in flat]
        outcome.unwanted = [each for each in expected.get("must_not_include", []) if flattened(each) in flat]


def readable(text: str) -> str:
    """Expected text without its marks: tags, entities, comments and links of Markdown."""
    return html.unescape(re.sub(r"<!--.*?-->|<[^>]+>|\]\([^)]*\)", " ", text, flags=re.DOTALL))


def flattened(text: str) -> str:
    """Words alone: expected phrases may carry marks and other line breaks."""
    return " ".join(WORD.findall(text))


def words(text: str) -> Counter[str]:
    """How often each word occurs."""
    return Counter(WORD.findall(text.lower()))


def fourgrams(text: str) -> Counter[tuple[str, ...]]:
    """How often each four words follow each other."""
    found = WORD.findall(text.lower())
    return Counter(tuple(found[start : start + 4]) for start in range(max(1, len(found) - 3)))


def overlap(got: Counter[Any], wanted: Counter[Any]) -> tuple[float, float]:
    """Precision and recall."""
    both = (got & wanted).total()
    return both / max(1, got.total()), both / max(1, wanted.total())


def average(values: Iterable[float | None]) -> str:
    """The mean of those that are known, to three places."""
    known = [value for value in values if value is not None]
    return f"{mean(known):.3f} ({len(known)})" if known else "-"


def print_table(outcomes: list[Outcome]) -> None:
    """One line a format, then every file that did not end as expected."""
    by_type: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_type[outcome.type if outcome.type in READ else "refused formats"].append(outcome)
    columns = ("outcome right", "word recall", "4-gram F1", "missing", "unwanted", "slowest s")
    print(f"{'format':16}" + "".join(f"{column:>15}" for column in columns))
    for name, group in sorted(by_type.items()):
        right = f"{sum(each.is_right for each in group)}/{len(group)}"
        recall, f1 = average(each.word_recall for each in group), average(each.fourgram_f1 for each in group)
        missing, unwanted = sum(len(each.missing) for each in group), sum(len(each.unwanted) for each in group)
        slowest = max(each.seconds for each in group)
        figures = (right, recall, f1, missing, unwanted, f"{slowest:.2f}")
        print(f"{name:16}" + "".join(f"{figure:>15}" for figure in figures))
    for outcome in outcomes:
        if not outcome.is_right or (outcome.word_recall or 1) < 0.8:
            print(
                f"  {outcome.file}: {outcome.outcome}, expected {'/'.join(outcome.expected)}, word recall {outcome.word_recall}"
            )


async def main(part: str) -> int:
    """Read every file of the manifest whose name holds `part`."""
    if not DOCS.exists():
        print(f"{DOCS} is absent: this benchmark reads its public files from there.")
        return 0
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        for line in (DOCS / "manifest.jsonl").read_text().splitlines():
            row = json.loads(line)
            if part in row["file"]:
                outcome, text = await read(row, Path(folder))
                score(outcome, text, row)
                outcomes.append(outcome)
    print_table(outcomes)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"peak memory of a child: {peak} MB")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(
        json.dumps({"peak_child_mb": peak, "files": [asdict(each) for each in outcomes]}, indent=1, ensure_ascii=False)
    )
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "")))
