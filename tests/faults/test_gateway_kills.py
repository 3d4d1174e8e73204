"""The gateway is killed at random moments while documents are being learned: none is lost, and no chunk is lost or doubled."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import Stack
from tests.e2e.person import Person

FILES = Path(__file__).resolve().parents[1] / "files"
DOCUMENTS = 10
KILLS = 5
SEED = 20


def text_of(number: int) -> bytes:
    """A text of its own for each document, long enough for several batches of chunks."""
    paragraphs = (
        f"Chapter {number}, paragraph {index}. "
        + " ".join(f"Fact {index * 31 + word} of book {number} concerns subject {(index * word) % 97}." for word in range(12))
        for index in range(40)
    )
    return "\n\n".join(paragraphs).encode()


def upload_all(person: Person, bot_id: str) -> list[str]:
    pdf = (FILES / "pdflatex-4-pages.pdf").read_bytes()
    texts = [(f"book-{number}.txt", "text/plain", text_of(number)) for number in range(DOCUMENTS - 2)]
    pdfs = [(f"paper-{number}.pdf", "application/pdf", pdf + b"\n%" + str(number).encode()) for number in range(2)]
    return [person.upload(bot_id, *file) for file in texts + pdfs]


def kill_at_random_moments(stack: Stack, moments: random.Random) -> None:
    for _ in range(KILLS):
        time.sleep(moments.uniform(0.2, 2.0))
        stack.kill_gateway()
        stack.start_gateway()


@pytest.fixture
def person(stack: Stack) -> Iterator[Person]:
    with Person.signed_up(stack) as signed_up:
        yield signed_up


@pytest.mark.timeout(300)
def test_ten_documents_survive_five_kills_of_the_gateway(stack: Stack, person: Person):
    bot_id = person.post("child-bots", {"name": "Survivor"})["id"]
    documents = upload_all(person, bot_id)
    kill_at_random_moments(stack, random.Random(SEED))
    ended = [person.wait_until_ended(document_id, timeout_seconds=150) for document_id in documents]
    assert [(status["status"], status["failure"]) for status in ended] == [("ready", None)] * DOCUMENTS
    # Another bot, since the same bytes in one bot are one document.
    control = upload_all(person, person.post("child-bots", {"name": "Control"})["id"])
    for document_id, same_file in zip(documents, control, strict=True):
        status = person.wait_until_ended(same_file, timeout_seconds=150)
        chunks = person.chunks(document_id)
        assert [chunk["ordinal"] for chunk in chunks] == list(range(status["chunks"]))
        assert [chunk["text"] for chunk in chunks] == [chunk["text"] for chunk in person.chunks(same_file)]
