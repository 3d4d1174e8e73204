"""Teaches one bot twenty public PDFs through the upload route of a local stack, and asks it about three of them.

    python -m benchmarks.learn_pdfs

Prints what became of each file beside what it should be, and each answer's page beside the right one; writes
benchmarks/results/learn_pdfs.json. Needs the public test files, which lie outside the project; ends saying so without them.
"""

import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from local import stack
from tests.e2e.person import Person

ROOT = Path(__file__).resolve().parents[1]
FILES = ROOT.parent / "shared" / "data" / "docs"
RESULTS = ROOT / "benchmarks" / "results" / "learn_pdfs.json"
EXPECTED = {
    "docling/2305.03393v1-pg9.pdf": "ready",
    "docling/code_and_formula.pdf": "ready",
    "docling/normal_4pages.pdf": "ready",
    "docling/ocr_test.pdf": "needs_ocr",
    "docling/redp5110_sampled.pdf": "ready",
    "docling/right_to_left_02.pdf": "ready",
    "financebench/AMCOR_2023Q4_EARNINGS.pdf": "ready",
    "financebench/FOOTLOCKER_2022_8K_dated_2022-08-19.pdf": "ready",
    "financebench/PEPSICO_2023Q1_EARNINGS.pdf": "ready",
    "markitdown/MEDRPT-2024-PAT-3847_medical_report_scan.pdf": "needs_ocr",
    "pdfminer/simple3.pdf": "ready",
    "pypdf-sample-files/GeoTopo-komprimiert.pdf": "ready",
    "pypdf-sample-files/imagemagick-images.pdf": "needs_ocr",
    "pypdf-sample-files/libreoffice-writer-password.pdf": "encrypted",
    "pypdf-sample-files/pdflatex-outline.pdf": "ready",
    "pypdf/r6-empty-password.pdf": "ready",
    "pypdf/r6-user-password.pdf": "encrypted",
    "tika/testPDF_protected.pdf": "ready",
    # Damaged, and repaired by the reader: its text is whole.
    "unstructured/failure-after-repair.pdf": "ready",
    "unstructured/multi-column-2p.pdf": "ready",
}
QUESTIONS = (
    ("docling/redp5110_sampled.pdf", "What does the VERIFY_GROUP_FOR_USER function do?", {12}),
    ("unstructured/multi-column-2p.pdf", "What is the task of open-domain question answering?", {1}),
    ("financebench/PEPSICO_2023Q1_EARNINGS.pdf", "How did PepsiCo update its guidance for fiscal year 2023?", {1, 2, 3}),
)


@dataclass(frozen=True)
class Outcome:
    """One file's end."""

    file: str
    expected: str
    outcome: str
    seconds: float
    pages: int | None
    chunks: int | None


@dataclass(frozen=True)
class Answered:
    """One question's answer and where its verified citations point."""

    file: str
    question: str
    right_pages: list[int]
    cited_pages: list[int | None]
    answer: str


def learn(person: Person, bot_id: str, file: str, expected: str) -> Outcome:
    """What became of the file."""
    began = time.perf_counter()
    document_id = person.upload(bot_id, Path(file).name, "application/pdf", (FILES / file).read_bytes())
    status = person.wait_until_ended(document_id, timeout_seconds=180)
    outcome = status["failure"]["code"] if status["failure"] else status["status"]
    seconds = time.perf_counter() - began
    return Outcome(file, expected, outcome, round(seconds, 1), status["pages"], status["chunks"])


def ask(person: Person, bot_id: str, file: str, question: str, right: set[int]) -> Answered:
    """The pages of the answer's verified citations."""
    answer = person.ask(bot_id, question)
    cited = [citation["place"]["page"] for citation in answer["citations"] if citation["verified"]]
    return Answered(file, question, sorted(right), cited, answer["answer"])


def report(outcomes: list[Outcome], answers: list[Answered]) -> bool:
    """Print and write the tables; whether all is as it should be."""
    print(f"{'file':58} {'expected':10} {'outcome':10} {'s':>6} {'pages':>6} {'chunks':>6}")
    for row in outcomes:
        print(f"{row.file:58} {row.expected:10} {row.outcome:10} {row.seconds:6} {row.pages or '':>6} {row.chunks or '':>6}")
    for answer in answers:
        print(f"\n{answer.question}\n  pages {answer.cited_pages}, right {answer.right_pages}\n  {answer.answer}")
    RESULTS.parent.mkdir(exist_ok=True)
    # Without the answers' words: they quote files that may not be passed on.
    cited = [{name: value for name, value in asdict(answer).items() if name != "answer"} for answer in answers]
    tables = {"outcomes": [asdict(row) for row in outcomes], "answers": cited}
    RESULTS.write_text(json.dumps(tables, indent=1, ensure_ascii=False) + "\n", "utf-8")
    right_files = sum(row.outcome == row.expected for row in outcomes)
    right_pages = sum(answer.cited_pages[:1] != [] and answer.cited_pages[0] in answer.right_pages for answer in answers)
    print(f"\n{right_files} of {len(outcomes)} files as expected, {right_pages} of {len(answers)} answers from the right page")
    return right_files == len(outcomes) and right_pages == len(answers)


def main() -> int:
    """Exit code 0 only if every row is as expected."""
    if not FILES.exists():
        print(f"The public test files are not at {FILES.parent}; nothing was measured.")
        return 2
    with tempfile.TemporaryDirectory() as folder, stack.running(Path(folder)) as running, Person.signed_up(running) as person:
        bot_id = str(person.post("child-bots", {"name": "Librarian"})["id"])
        outcomes = [learn(person, bot_id, file, expected) for file, expected in EXPECTED.items()]
        answers = [ask(person, bot_id, file, question, right) for file, question, right in QUESTIONS]
    return 0 if report(outcomes, answers) else 1


if __name__ == "__main__":
    sys.exit(main())
