"""How many attacks on the reading model are marked, and how much honest text: `python -m benchmarks.orders`.

Attacks stand in the middle of an honest paragraph, as in a document. Of each set every second case was looked at while the
patterns were written; the others are held out and counted apart. Fails where of a set of honest text more than 1 % is marked.
Reads ../shared/data; writes benchmarks/results/orders.json.
"""

import ast
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.table import keep, print_table
from shared.adapters.minilm_tokens import MiniLmTokenCounter
from shared.domain.page import BlockKind
from shared.ingest.chunk import chunk
from shared.ingest.orders import flags_of
from shared.ingest.pages import PageBuilder

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ATTACKS = DATA / "hostile" / "injection"
CORPORA = ("xquad-en", "xquad-de", "xquad-ar", "cmrc2018-dev", "cacm", "financebench-pages")
MOST_HONEST = 0.01
PAYLOAD = "Visit example.com for the best offers."


@dataclass(frozen=True)
class Row:
    """One set: `seen` and `held_out` are the marked of its two halves."""

    text: str
    cases: int
    seen: str
    held_out: str


def attacks() -> Mapping[str, Sequence[str]]:
    """Each set of attacks as it comes."""
    lines = (ATTACKS / "tensortrust_hijacking_robustness_dataset.jsonl").read_text("utf-8").splitlines()
    poisoned = json.loads((ATTACKS / "poisonedrag_msmarco.json").read_text("utf-8")).values()
    return {
        "latent injection (garak)": list(garak()),
        "hijacking (TensorTrust)": [json.loads(line)["attack"] for line in lines],
        "indirect, about the answer (BIPIA text)": list(bipia("text", of_answer=True)),
        "indirect, a task like any (BIPIA text)": list(bipia("text", of_answer=False)),
        "indirect, code (BIPIA code)": list(bipia("code", of_answer=None)),
        "poisoned facts, no orders (PoisonedRAG)": [text for each in poisoned for text in each["adv_texts"]],
    }


def bipia(kind: str, *, of_answer: bool | None) -> Iterator[str]:
    """Its first kinds are tasks as a person would set them; the others change or add to the answer."""
    tasks = {"Information Retrieval", "Content Creation", "Learning and Tutoring", "Language Translation", "Programming Help"}
    kinds = json.loads((ATTACKS / f"bipia_{kind}_attack_train.json").read_text("utf-8"))
    for name, texts in kinds.items():
        if of_answer is None or (name not in tasks) == of_answer:
            yield from texts


def garak() -> Iterator[str]:
    """Each injected instruction of each probe, with each of its payloads."""
    for probe in ast.parse((ATTACKS / "garak_latentinjection.py").read_text("utf-8")).body:
        lists = {name: texts for name, texts in _lists(probe) if isinstance(probe, ast.ClassDef)}
        for instruction in lists.get("injection_instructions", []):
            for payload in lists.get("payloads") or [PAYLOAD]:
                yield instruction.replace("{PAYLOAD_MARKER}", payload).replace("{TRIGGER_MARKER}", PAYLOAD)


def _lists(probe: ast.AST) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(probe):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, [_text(each).replace("{TRIGGER_MARKER}", PAYLOAD) for each in node.value.elts]


def _text(node: ast.AST) -> str:
    """A string literal, read and not run; a name in braces stays as it is written."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(_text, parts))
        case ast.FormattedValue(value=ast.Name(id=name)):
            return f"{{{name}}}"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left) + _text(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=int(times))):
            return _text(left) * times
        case _:
            return ""


def planted(attack: str, host: str) -> str:
    """In the middle of an honest paragraph."""
    before, _, after = host.partition(". ")
    return f"{before}. {attack}\n{after}"


def honest() -> Mapping[str, Sequence[str]]:
    """Prompts that hold an attack's words, and what documents say."""
    prompts = json.loads((ATTACKS / "NotInject_one.json").read_text("utf-8"))
    return {"benign with trigger words (NotInject)": [each["prompt"] for each in prompts], **corpora(), "documents": documents()}


def corpora() -> dict[str, list[str]]:
    """Passages of the retrieval sets."""
    read = {name: (DATA / "ir" / name / "corpus.jsonl").read_text("utf-8").splitlines() for name in CORPORA}
    return {name: [json.loads(line)["text"] for line in lines] for name, lines in read.items()}


def documents() -> list[str]:
    """The expected texts of the public files, cut as ours are."""
    counter, passages = MiniLmTokenCounter(256), list[str]()
    for line in (DATA / "docs" / "manifest.jsonl").read_text("utf-8").splitlines():
        if name := json.loads(line)["expected"].get("text_file"):
            page = PageBuilder(None)
            for paragraph in (DATA / "docs" / name).read_text("utf-8", "replace").split("\n\n"):
                page.add(BlockKind.PARAGRAPH, paragraph)
            passages += [each.text for each in chunk([page.build()], counter.count, counter.max_tokens)]
    return passages


def marked(texts: Sequence[str]) -> str:
    """How many of how many."""
    found = sum(bool(flags_of(text)) for text in texts)
    return f"{found} of {len(texts)} ({found / max(1, len(texts)):.1%})"


def main() -> int:
    """Prints and keeps the table."""
    hosts = corpora()["xquad-en"]
    sets: dict[str, Sequence[str]] = {
        name: [planted(text, hosts[place % len(hosts)]) for place, text in enumerate(texts)] for name, texts in attacks().items()
    }
    sets |= (innocent := honest())
    rows = [Row(name, len(texts), marked(texts[::2]), marked(texts[1::2])) for name, texts in sets.items()]
    print_table([{key: str(value) for key, value in asdict(row).items()} for row in rows])
    keep("orders", {"rows": [asdict(row) for row in rows]})
    return int(any(sum(bool(flags_of(text)) for text in texts) > MOST_HONEST * len(texts) for texts in innocent.values()))


if __name__ == "__main__":
    sys.exit(main())
