"""Whether our passages hold more of what answers a question, and less else, than those of a plain recursive splitter.

    python -m benchmarks.chunking

Reads ../shared/data/ir/chroma-chunking: questions and the spans of long files that answer them. Passages of all files are
searched together, five a question, by MiniLM's cosine; recall, precision and IoU count characters,
as brandonstarxel/chunking_evaluation
does. The splitter is LangChain's, in an environment of its own. Prints a table and writes benchmarks/results/chunking.json.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import numpy as np

from benchmarks.extractive_answers import RememberingEmbedder
from benchmarks.peer_environment import peer_python
from benchmarks.table import keep, print_table
from shared.adapters.minilm_tokens import MiniLmTokenCounter
from shared.ingest.chunk import chunk
from shared.ingest.formats.markdown import read_markdown

ROOT = Path(__file__).resolve().parents[1]
SET = ROOT.parent / "shared" / "data" / "ir" / "chroma-chunking"
FOUND = 5
SIZES = ((128, 0), (160, 0), (200, 0), (200, 32), (256, 0), (256, 40))
ALIKE = 0.1
"""How far mean lengths may differ: longer passages have more recall and less precision by that alone."""

_WORD = re.compile(r"\w+")
_REACH = 400
"""Characters of the source that our reader leaves out in one place at most."""

Span = tuple[int, int]


class Located(NamedTuple):
    """A passage as it is embedded, and where it stands in its file."""

    file: str
    text: str
    span: Span


@dataclass(frozen=True)
class Question:
    """What is asked of which file, and the spans that answer it."""

    file: str
    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Row:
    """One way to cut, over all questions; tokens are the mean of its passages."""

    cut: str
    passages: int
    tokens: float
    recall: float
    precision: float
    iou: float


def questions() -> list[Question]:
    """Those whose file is there."""
    lines = [json.loads(line) for line in (SET / "questions.jsonl").read_text("utf-8").splitlines()]
    return [
        Question(line["corpus_id"], line["text"], tuple((each["start_index"], each["end_index"]) for each in line["spans"]))
        for line in lines
    ]


def ours(file: str, source: str) -> Iterator[Located]:
    """As a Markdown file is learned; the places are those of the file, since its reader leaves marks out."""
    counter = MiniLmTokenCounter(256)
    page = read_markdown(source)
    places = places_in(page.text, source)
    for passage in chunk([page], counter.count, counter.max_tokens):
        inside = [place for at, place in places if passage.place.start <= at < passage.place.end]
        if inside:
            yield Located(file, passage.text, (inside[0][0], inside[-1][1]))


def places_in(text: str, source: str) -> list[tuple[int, Span]]:
    """Where each word of the text begins, with its span in the source; words come in the same order in both."""
    places: list[tuple[int, Span]] = []
    reached = 0
    for word in _WORD.finditer(text):
        start = source.find(word[0], reached, reached + _REACH)
        if start >= 0:
            reached = start + len(word[0])
            places.append((word.start(), (start, reached)))
    return places


def recursive(files: dict[str, str]) -> dict[str, list[Located]]:
    """A way to cut each of `SIZES`."""
    asked = json.dumps({"sizes": SIZES, "texts": list(files.values())})
    command = [str(peer_python()), "-m", "benchmarks.ingesting.recursive"]
    answer = subprocess.run(command, input=asked, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return {
        f"recursive {tokens}, overlap {overlap}": [
            Located(file, files[file][start:end], (start, end))
            for file, spans in zip(files, cut, strict=True)
            for start, end in spans
        ]
        for (tokens, overlap), cut in zip(SIZES, json.loads(answer), strict=True)
    }


def scores(question: Question, found: Sequence[Located]) -> tuple[float, float, float]:
    """Recall, precision and IoU in characters; what two passages share counts once as found and twice as read."""
    wanted = {place for span in question.spans for place in range(*span)}
    got = {place for each in found if each.file == question.file for place in range(*each.span)}
    read = sum(end - start for _, _, (start, end) in found)
    both = len(wanted & got)
    return both / len(wanted), both / read, both / (read + len(wanted - got))


async def measure(cut: str, passages: Sequence[Located], asked: Sequence[Question], embedder: RememberingEmbedder) -> Row:
    """Search all passages for each question."""
    vectors = np.array(await embedder.embed([each.text for each in passages], "passage"))
    sought = np.array(await embedder.embed([each.text for each in asked], "query"))
    best = np.argsort(-(sought @ vectors.T), axis=1, kind="stable")[:, :FOUND]
    every = [scores(each, [passages[place] for place in places]) for each, places in zip(asked, best, strict=True)]
    recall, precision, iou = (round(mean(values), 4) for values in zip(*every, strict=True))
    tokens = mean(MiniLmTokenCounter(256).count([each.text for each in passages]))
    return Row(cut, len(passages), round(tokens, 1), recall, precision, iou)


async def main() -> int:
    """Exit code 0 only if ours has no less recall at more precision than each splitter whose passages are as long as ours."""
    asked = questions()
    files = {file: (SET / "corpora" / f"{file}.md").read_text("utf-8") for file in dict.fromkeys(each.file for each in asked)}
    embedder = RememberingEmbedder()
    cuts = {"ours": [each for file, source in files.items() for each in ours(file, source)], **recursive(files)}
    rows = [await measure(cut, passages, asked, embedder) for cut, passages in cuts.items()]
    print_table([{name: str(value) for name, value in asdict(row).items()} for row in rows])
    keep("chunking", {"questions": len(asked), "found": FOUND, "rows": [asdict(row) for row in rows]})
    own, *others = rows
    alike = [row for row in others if abs(row.tokens - own.tokens) <= ALIKE * own.tokens]
    return 0 if alike and all(own.recall >= row.recall and own.precision > row.precision for row in alike) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
