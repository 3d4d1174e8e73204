"""The main job on real files, from sign-up to a cited answer: it succeeds only if all that it promises came true."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import stack
from local.client import Client, head_of
from local.page_server import served
from local.processes import StackError
from local.run_folder import RunFolder

_FILES = Path(__file__).parent / "demo_files"
_SITE = _FILES / "site"
_PAGE = "harbour-seals.html"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_CONTENT_TYPES = {
    ".pdf": "application/pdf",
    ".html": "text/html",
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".epub": "application/epub+zip",
}
_SETTINGS = {"ALLOW_PRIVATE_PROVIDERS": "true"}
"""The page of the demo lies on this machine, which the guard refuses otherwise."""

_LEARN_SECONDS = 120.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Question:
    """What is asked, why, and what must come back; no `source` means that the bot must say it found nothing."""

    why: str
    text: str
    source: str | None = None
    quoted: str = ""
    page: int | None = None
    follows_up: bool = False


QUESTIONS = (
    Question(
        "Ask what the PDF answers",
        "By how much does the dense retriever outperform a strong BM25 system in top-20 accuracy?",
        source="dense-passage-retrieval.pdf",
        quoted="9%-19% absolute",
        page=1,
    ),
    Question(
        "Ask what the saved web page answers",
        "Which animals prey on ducklings?",
        source="duck.html",
        quoted="predatory testudines",
    ),
    Question(
        "Follow up, which makes sense in the conversation alone",
        "And on adult ones?",
        source="duck.html",
        quoted="Adult ducks are fast fliers",
        follows_up=True,
    ),
    Question("Ask the same outside the conversation", "And on adult ones?"),
    Question(
        "Ask what the Word document answers",
        "Where does the key of the tool shed hang?",
        source="garden-rules.docx",
        quoted="letter box of plot 17",
    ),
    Question(
        "Ask what the fetched page answers",
        "When are the pups of the seals born?",
        source="Harbour seals at Seal Rock",
        quoted="born in June and July",
    ),
    Question("Ask what no file answers", "Who won the football world cup in 1974?"),
)


class Steps:
    """Prints what happens, with the seconds since the last step and since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Print the title, and the step's time once it is done."""
        print(f"\n▸ {title}", flush=True)
        began = time.monotonic()
        yield
        now = time.monotonic()
        print(f"  {now - began:.1f} s (at {now - self._start:.1f} s)", flush=True)


def run() -> None:
    """Start a stack of its own, do the job, stop what it started. Raises StackError naming the first thing that did not hold."""
    steps = Steps()
    folder = RunFolder.of(os.environ).path / "demo"
    with ExitStack() as until_done:
        with steps.step("Start the emulators and the gateway, on free ports"):
            running = until_done.enter_context(stack.running(folder, settings=_SETTINGS))
        try:
            do_the_job(running, steps)
        except StackError as error:
            raise StackError(f"{error}\nThe servers' logs are in {folder / 'logs'}.") from error
    print("\nAll of it came true; everything that was started is stopped.")


def do_the_job(running: stack.Stack, steps: Steps) -> None:
    """Every step on a running stack. Raises StackError naming the first that does not come true."""
    with steps.step("Sign up at Firebase Auth"):
        person = Client.signed_in(running, "reader@synapse.example", "correct horse battery")
    with closing(person), served(_SITE) as site:
        bot_id = _teach(person, f"{site}/{_PAGE}", steps)
        _question(person, bot_id, steps)


def _teach(person: Client, page: str, steps: Steps) -> str:
    with steps.step("Make a bot"):
        bot_id: str = person.call("create_bot", name="Reader", instructions="Answer from the files.")["id"]
        print(f"  bot {bot_id}")
    files = sorted(path for path in _FILES.iterdir() if path.suffix in _CONTENT_TYPES)
    with steps.step(f"Upload {len(files)} files straight into the bucket"):
        documents = {_upload(person, bot_id, path): path.name for path in files}
    with steps.step(f"Name a web page: {page}"):
        documents[person.call("submit_url", bot_id=bot_id, url=page)["id"]] = _PAGE
    with steps.step("Watch them being learned"):
        _watch(person, documents)
    return bot_id


def _question(person: Client, bot_id: str, steps: Steps) -> None:
    conversation_id = None
    for question in QUESTIONS:
        with steps.step(f"{question.why}: {question.text}"):
            result = _ask(person, bot_id, question.text, conversation_id if question.follows_up else None)
            require_expected(question, result)
            conversation_id = result["conversation_id"]


def _upload(person: Client, bot_id: str, path: Path) -> str:
    content, content_type = path.read_bytes(), _CONTENT_TYPES[path.suffix]
    told = {"title": path.name, "content_type": content_type, "size_bytes": len(content), "head": head_of(content)}
    upload = person.call("create_upload", bot_id=bot_id, **told)
    person.upload(upload["upload_url"], content, upload["content_type"])
    print(f"  {path.name}: {len(content):,} bytes")
    return str(upload["document_id"])


def _watch(person: Client, documents: dict[str, str]) -> None:
    began = time.monotonic()
    shown: dict[str, str] = {}
    while set(shown.values()) != {"ready"} or len(shown) < len(documents):
        for document_id, name in documents.items():
            status = person.call("get_upload_status", job_id=document_id)
            if shown.get(document_id) != status["status"]:
                shown[document_id] = status["status"]
                learned = f", {status['chunks']} passages" if status["is_ready"] else ""
                print(f"  {time.monotonic() - began:5.1f} s  {name}: {status['status']}{learned}", flush=True)
            if status["failure"]:
                raise StackError(f"{name} was not learned: {status['failure']['message']}")
        if time.monotonic() - began > _LEARN_SECONDS:
            raise StackError(f"The files were not learned within {_LEARN_SECONDS:.0f} s.")
        time.sleep(_POLL_SECONDS)


def _ask(person: Client, bot_id: str, message: str, conversation_id: str | None) -> dict[str, Any]:
    began = time.monotonic()
    first: float | None = None
    result: dict[str, Any] = {}
    print("  ", end="")
    for event in person.stream("chat", bot_id=bot_id, message=message, conversation_id=conversation_id):
        result = event.get("result") or result
        if event.get("message", {}).get("type") == "token":
            first = first or time.monotonic() - began
            print(event["message"]["text"].replace("\n", "\n  "), end="", flush=True)
    print(f"\n  first word after {first or 0:.2f} s")
    for citation in result["citations"]:
        place = f"page {citation['place']['page']}" if citation["place"]["page"] else " > ".join(citation["place"]["headings"])
        where = ", ".join(filter(None, (citation["document_title"], place)))
        proof = "" if citation["verified"] else " (the quote is not in the stored text)"
        print(f"  [{citation['number']}] {where}: “{' '.join(citation['quote'].split())}”{proof}")
    return result


def require_expected(question: Question, result: dict[str, Any]) -> None:
    """Raises StackError when the answer is not what the files say."""
    proofs = [citation for citation in result["citations"] if citation["verified"]]
    if question.source is None:
        if result["found"] is not False or result["citations"]:
            raise StackError(f"The files do not answer “{question.text}”, and the bot did not say so.")
        return
    if not any(_matches(question, citation) for citation in proofs):
        where = f"page {question.page} of {question.source}" if question.page else question.source
        raise StackError(f"No verified citation shows “{question.quoted}” in {where}.")


def _matches(question: Question, citation: dict[str, Any]) -> bool:
    return (
        citation["document_title"] == question.source
        and citation["place"]["page"] == question.page
        and question.quoted in citation["quote"]
    )
