"""How often the extractive model is right, wrong or silent, on questions whose passages hold the answer and on others.

    python -m benchmarks.extractive_answers [--sample N] [--sweep]

Sets, from the shared data folder (see its README):
- rgb answer: passages that hold it; rgb none: passages found by the same web search that do not; rgb mixed: two of the
  first, four of the second;
- xquad answer: the six nearest passages, the right one among them; xquad other article: the six nearest passages of other
  articles; xquad same article: the six nearest passages without the right one.
An answer is right when a quoted sentence holds the expected words; it is wrong otherwise, and always where no passage holds them.
"""

import argparse
import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from shared.adapters.extractive import NOT_FOUND, ExtractiveChatModel, Tuning
from shared.adapters.minilm import MiniLmEmbedder
from shared.domain.bot import GenerationSettings
from shared.domain.chunk import Chunk, Passage, Place
from shared.domain.prompt import EmbedderSpec, ModelSpec, Prompt, TextDelta
from shared.ports.models import TextKind

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "ir"
RESULT = Path(__file__).resolve().parents[1] / "build" / "benchmarks" / "extractive_answers.json"
SPEC = ModelSpec(name="local-extractive", adapter="extractive", context_tokens=8192)
SWEEP = [Tuning(answer_score=score) for score in (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)] + [
    Tuning(overlap_weight=0.0, answer_score=0.45),
    Tuning(overlap_weight=0.3, answer_score=0.55),
    Tuning(overlap_weight=1.0, answer_score=0.85),
    Tuning(keep_share=1.0),
    Tuning(keep_share=0.9),
    Tuning(keep_share=0.7),
]


@dataclass(frozen=True)
class Case:
    """A question with its passages; no answers where they hold none."""

    group: str
    question: str
    answers: tuple[str, ...]
    passages: tuple[str, ...]


class RememberingEmbedder:
    """MiniLM, asked once for each text."""

    def __init__(self) -> None:
        self.spec = EmbedderSpec(name="local-minilm", adapter="minilm", dimension=384, max_tokens=256)
        self._model = MiniLmEmbedder(self.spec)
        self._known: dict[str, tuple[float, ...]] = {}

    async def embed(self, texts: Sequence[str], kind: TextKind) -> list[tuple[float, ...]]:
        """From memory where the text was met before."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        self._known.update(zip(new, await self._model.embed(new, kind), strict=True))
        return [self._known[text] for text in texts]


def rows(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / path).read_text("utf-8").splitlines() if line.strip()]


def spellings(answer: Any) -> tuple[str, ...]:
    """RGB nests lists of spellings."""
    return (answer,) if isinstance(answer, str) else tuple(spelling for part in answer for spelling in spellings(part))


def rgb_cases() -> Iterator[Case]:
    for row in rows("rgb/en_fact.json"):
        answers, right, others = spellings(row["answer"]), row["positive"], row["negative"]
        yield Case("rgb answer", row["query"], answers, tuple(right[:5]))
        if others:
            yield Case("rgb none", row["query"], (), tuple(others[:5]))
            yield Case("rgb mixed", row["query"], answers, (*right[:2], *others[:4]))


async def xquad_cases(embedder: RememberingEmbedder, sample: int) -> list[Case]:
    corpus = {row["id"]: row["text"] for row in rows("xquad-en/corpus.jsonl")}
    pairs = [line.split("\t") for line in (DATA / "xquad-en/qrels.tsv").read_text().splitlines()[1:]]
    right = {query: passage for query, passage, _ in pairs}
    queries = random.Random(2).sample(rows("xquad-en/queries.jsonl"), sample)
    passages = np.array(await embedder.embed(list(corpus.values()), "passage"))
    asked = np.array(await embedder.embed([query["text"] for query in queries], "query"))
    ranked = [[list(corpus)[place] for place in np.argsort(-line)] for line in asked @ passages.T]
    return [
        case
        for query, order in zip(queries, ranked, strict=True)
        for case in three_cases(query, order, right[query["id"]], corpus)
    ]


def three_cases(query: dict[str, Any], order: list[str], right: str, corpus: dict[str, str]) -> Iterator[Case]:
    def of(ids: Sequence[str]) -> tuple[str, ...]:
        return tuple(corpus[passage] for passage in ids[:6])

    def article(passage: str) -> str:
        return passage.partition("-")[0]

    if right in order[:6]:
        yield Case("xquad answer", query["text"], tuple(query["answers"]), of(order))
    yield Case("xquad same article", query["text"], (), of([passage for passage in order if passage != right]))
    yield Case("xquad other article", query["text"], (), of([passage for passage in order if article(passage) != article(right)]))


def prompt_of(case: Case) -> Prompt:
    now = datetime.now(UTC)
    passages = tuple(
        Passage(
            number=number,
            document_title="",
            score=1,
            chunk=Chunk(
                id=f"c{number}",
                document_id="d",
                generation=1,
                ordinal=number,
                owner_id="o",
                bot_id="b",
                text=text,
                place=Place(start=0, end=len(text)),
                created_at=now,
            ),
        )
        for number, text in enumerate(case.passages, start=1)
    )
    return Prompt(system="", user=case.question, question=case.question, search_query=case.question, passages=passages)


async def outcome(model: ExtractiveChatModel, case: Case) -> str:
    pieces = [event.text async for event in model.stream(prompt_of(case), GenerationSettings()) if isinstance(event, TextDelta)]
    said = re.sub(r"\s+", " ", "".join(pieces)).casefold()
    if said == NOT_FOUND:
        return "refused"
    return "right" if any(answer.casefold() in said for answer in case.answers) else "wrong"


async def measure(cases: Sequence[Case], embedder: RememberingEmbedder, tuning: Tuning) -> dict[str, dict[str, int]]:
    model = ExtractiveChatModel(SPEC, embedder, tuning)
    counts: dict[str, Counter[str]] = {}
    for case in cases:
        counts.setdefault(case.group, Counter())[await outcome(model, case)] += 1
    return {group: {key: count[key] for key in ("right", "wrong", "refused")} for group, count in counts.items()}


def precision(table: dict[str, dict[str, int]]) -> tuple[float, float]:
    """Of answering: the right among the answers. Of refusing: the refusals where no passage held the answer, among all."""
    answered = sum(count["right"] + count["wrong"] for count in table.values())
    refused = sum(count["refused"] for count in table.values())
    due = sum(
        count["refused"] for group, count in table.items() if group in {"rgb none", "xquad same article", "xquad other article"}
    )
    return sum(count["right"] for count in table.values()) / max(1, answered), due / max(1, refused)


def print_table(tuning: Tuning, table: dict[str, dict[str, int]]) -> None:
    print(f"\n{tuning}\n{'set':<22}{'cases':>7}{'right':>9}{'wrong':>9}{'refused':>9}")
    for group, count in table.items():
        cases = sum(count.values())
        print(f"{group:<22}{cases:>7}" + "".join(f"{value / cases:>9.1%}" for value in count.values()))
    for name, subset in (("rgb", "rgb"), ("xquad", "xquad")):
        answering, refusing = precision({group: count for group, count in table.items() if group.startswith(subset)})
        print(f"{name:<22}precision of answering {answering:.1%}, of refusing {refusing:.1%}")


async def run(sample: int, *, sweep: bool) -> None:
    embedder = RememberingEmbedder()
    cases = [*rgb_cases(), *await xquad_cases(embedder, sample)]
    results = []
    for tuning in SWEEP if sweep else [Tuning()]:
        table = await measure(cases, embedder, tuning)
        print_table(tuning, table)
        results.append({"tuning": vars(tuning), "outcomes": table})
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Right, wrong and refused answers of the extractive model.")
    parser.add_argument("--sample", type=int, default=400, help="questions of XQuAD, of 1190")
    parser.add_argument("--sweep", action="store_true", help="other thresholds and weights too")
    arguments = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit(f"The shared data is not at {DATA}: nothing to measure with.")
    asyncio.run(run(arguments.sample, sweep=arguments.sweep))


if __name__ == "__main__":
    main()
