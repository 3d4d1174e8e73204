"""Teaches one bot every public test file, as a new person would: signs up, uploads, and waits until each has ended.

    python -m benchmarks.learn_everything [part of a file's name] [minutes]

Prints what became of each file beside what its manifest expects, and whatever has not ended within the minutes (40). Over all
files it writes benchmarks/results/learn_everything.json. Needs the public files, which lie outside the project; ends saying so
without them.
"""

import gzip
import json
import mimetypes
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.extraction import DOCS, expected_outcomes
from benchmarks.roomy_gateway import PLAN
from benchmarks.table import keep, print_table
from local import stack
from local.client import head_of
from shared.core.ids import new_id
from shared.domain.document import DocumentStatus
from tests.e2e.person import Person

MINUTES = 40.0
SHARE_GOAL = 0.95
_POLL_SECONDS = 2.0
_FINAL = {status.value for status in DocumentStatus if status.is_final}


@dataclass(frozen=True)
class File:
    """One row of the manifest, as a person has it: web pages are kept compressed there, and unpacked here."""

    name: str
    type: str
    expected: frozenset[str]

    @property
    def title(self) -> str:
        """What it is uploaded as."""
        return Path(self.name).name.removesuffix(".gz")

    def content(self) -> bytes:
        """Its bytes."""
        stored = (DOCS / self.name).read_bytes()
        return gzip.decompress(stored) if self.name.endswith(".gz") else stored


@dataclass(frozen=True)
class Outcome:
    """One file's end; `outcome` is a class of the manifest, or the status in which the file still is."""

    file: str
    type: str
    expected: list[str]
    outcome: str
    has_ended: bool
    sentence: str = ""
    seconds: float | None = None
    pages: int | None = None
    chunks: int | None = None

    @property
    def is_right(self) -> bool:
        """Whether it ended as one of the expected."""
        return self.has_ended and self.outcome in self.expected


def files_of(part: str) -> list[File]:
    """The manifest's files whose name holds the part."""
    rows = [json.loads(line) for line in (DOCS / "manifest.jsonl").read_text("utf-8").splitlines()]
    return [File(row["file"], row["type"], frozenset(expected_outcomes(row))) for row in rows if part in row["file"]]


@contextmanager
def new_person(folder: Path) -> Iterator[Person]:
    """Somebody who has just registered, at a stack of their own, with the plan that has room for all."""
    with stack.emulated(folder) as running:
        running.gateway_module = ("benchmarks.roomy_gateway",)
        running.launch_gateway()
        running.wait_until_ready()
        with Person.signed_up(running) as person:
            person.post("auth/register", {"username": f"reader-{new_id()[:8]}", "accept_terms": True})
            _give_plan(running, person.uid)
            yield person


def _give_plan(running: stack.Stack, uid: str) -> None:
    """As an administrator would; the emulator takes the word `owner` for a token."""
    host, project = running.environment["FIRESTORE_EMULATOR_HOST"], running.emulators.project
    url = f"http://{host}/v1/projects/{project}/databases/(default)/documents/users/{uid}"
    changed = {"fields": {"plan_id": {"stringValue": PLAN}}}
    httpx.patch(
        url, params={"updateMask.fieldPaths": "plan_id"}, json=changed, headers={"Authorization": "Bearer owner"}
    ).raise_for_status()


def upload(person: Person, bot_id: str, file: File) -> str | Outcome:
    """The document's id, or what became of a file that was refused before it was sent."""
    content = file.content()
    content_type = mimetypes.guess_type(file.title)[0] or "application/octet-stream"
    wanted = {"bot_id": bot_id, "title": file.title, "content_type": content_type, "size_bytes": len(content)}
    wanted["head"] = head_of(content)
    session = person.http.post("upload/file", json=wanted)
    if session.is_client_error:
        sentence = session.json()["detail"]
        outcome = "encrypted" if "by a password" in sentence else "unsupported_type" if content else "empty"
        return Outcome(file.name, file.type, sorted(file.expected), outcome, has_ended=True, sentence=sentence)
    session.raise_for_status()
    opened = session.json()
    httpx.put(
        opened["upload_url"], content=content, headers={"Content-Type": opened["content_type"]}, timeout=60
    ).raise_for_status()
    return str(opened["document_id"])


def documents_of(person: Person, bot_id: str) -> dict[str, dict[str, Any]]:
    """All that the bot has, by id."""
    found: dict[str, dict[str, Any]] = {}
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        page = person.get(f"child-bots/{bot_id}/documents", page_size=100, **cursor)
        found |= {document["id"]: document for document in page["items"]}
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    return found


def watch(person: Person, bot_id: str, until: float) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """The documents once all have ended, or at the deadline, and when each was first seen to have ended."""
    ended: dict[str, float] = {}
    shown: Counter[str] = Counter()
    while True:
        documents, now = documents_of(person, bot_id), time.perf_counter()
        for document_id, document in documents.items():
            if document["status"] in _FINAL:
                ended.setdefault(document_id, now)
        counted = Counter(document["status"] for document in documents.values())
        if counted != shown:
            print(", ".join(f"{number} {status}" for status, number in sorted(counted.items())), flush=True)
            shown = counted
        if len(ended) == len(documents) or now > until:
            return documents, ended
        time.sleep(_POLL_SECONDS)


def outcome_of(
    file: File, document: Mapping[str, Any], documents: Mapping[str, Mapping[str, Any]], seconds: float | None
) -> Outcome:
    """A duplicate came to what the document came to whose bytes it has."""
    original = documents.get(document["duplicate_of"] or "", document)
    failure = original["failure"] or {}
    ready = "ok" if original["is_ready"] else original["status"]
    return Outcome(
        file=file.name,
        type=file.type,
        expected=sorted(file.expected),
        outcome=failure.get("code", ready),
        has_ended=document["status"] in _FINAL,
        sentence=failure.get("message", ""),
        seconds=seconds,
        pages=original["pages"],
        chunks=original["chunks"],
    )


def learn(person: Person, files: list[File], minutes: float) -> tuple[list[Outcome], dict[str, Any]]:
    """Upload all, wait for all; the outcomes in the manifest's order, and what is to be known of the whole."""
    began = time.perf_counter()
    bot_id = str(person.post("child-bots", {"name": "Librarian"})["id"])
    uploaded, sent_at = [], dict[str, float]()
    for file in files:
        document_id = upload(person, bot_id, file)
        uploaded.append((file, document_id))
        if isinstance(document_id, str):
            sent_at[document_id] = time.perf_counter()
    sent_seconds = time.perf_counter() - began
    documents, ended = watch(person, bot_id, began + 60 * minutes)
    outcomes = []
    for file, found in uploaded:
        if isinstance(found, Outcome):
            outcomes.append(found)
            continue
        seconds = round(ended[found] - sent_at[found], 1) if found in ended else None
        outcomes.append(outcome_of(file, documents[found], documents, seconds))
    inside = [document for document in documents.values() if document["parent_id"]]
    whole = {
        "upload_seconds": round(sent_seconds, 1),
        "seconds": round(time.perf_counter() - began, 1),
        "stuck": [outcome.file for outcome in outcomes if not outcome.has_ended],
        "attachments": Counter(document["status"] for document in inside),
    }
    return outcomes, whole


def report(outcomes: list[Outcome], whole: dict[str, Any]) -> bool:
    """Prints the table by format and every surprise; whether nothing is stuck and enough are right."""
    by_type: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_type[outcome.type].append(outcome)
    rows = [_row(name, group) for name, group in sorted(by_type.items())]
    print_table([*rows, _row("all", outcomes)])
    for outcome in outcomes:
        if not outcome.is_right:
            expected = " or ".join(outcome.expected)
            print(f"  {outcome.file}: {outcome.outcome}, expected {expected}. {outcome.sentence}")
    stuck, inside = whole["stuck"], dict(whole["attachments"])
    print(f"uploaded in {whole['upload_seconds']} s, ended after {whole['seconds']} s; attachments: {inside or 'none'}")
    print(f"still learning: {', '.join(stuck)}" if stuck else "none is stuck")
    return not stuck and sum(outcome.is_right for outcome in outcomes) >= SHARE_GOAL * len(outcomes)


def _row(name: str, group: list[Outcome]) -> dict[str, str]:
    ends = Counter(outcome.outcome for outcome in group)
    return {
        "format": name,
        "files": str(len(group)),
        "as expected": str(sum(outcome.is_right for outcome in group)),
        "stuck": str(sum(not outcome.has_ended for outcome in group)),
        "pages": str(sum(outcome.pages or 0 for outcome in group)),
        "chunks": str(sum(outcome.chunks or 0 for outcome in group)),
        "slowest s": f"{max((outcome.seconds or 0 for outcome in group), default=0):.0f}",
        "outcomes": ", ".join(f"{number} {end}" for end, number in ends.most_common()),
    }


def main(part: str = "", minutes: str = str(MINUTES)) -> int:
    """Exit code 0 only if every file has ended, nearly all as expected."""
    if not DOCS.exists():
        print(f"The public test files are not at {DOCS}; nothing was measured.")
        return 2
    with tempfile.TemporaryDirectory() as folder, new_person(Path(folder)) as person:
        outcomes, whole = learn(person, files_of(part), float(minutes))
    is_good = report(outcomes, whole)
    if not part:
        keep("learn_everything", {**whole, "outcomes": [asdict(outcome) for outcome in outcomes]})
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
