"""On the running stack: a text and a file are learned, learned anew and deleted, and nothing of them is found any more."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.stack import Stack
from tests.e2e.person import Person

TEXT = "# Whales\n\nBlue whales eat krill, up to four tonnes a day."
QUERY = {"query": "how much krill do blue whales eat"}
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def person(stack: Stack) -> Iterator[Person]:
    with Person.signed_up(stack) as signed_up:
        yield signed_up


def delete(person: Person, path: str) -> dict[str, Any]:
    """DELETE under /api/v1/; the deletion."""
    reply = person.http.delete(path)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def receipt(person: Person, deletion: dict[str, Any], timeout_seconds: float = 60) -> dict[str, Any]:
    """The deletion once it is done."""
    deadline = time.monotonic() + timeout_seconds
    while (seen := person.get(f"deletions/{deletion['id']}"))["status"] != "done":
        assert time.monotonic() < deadline, f"still {seen}"
        time.sleep(0.2)
    return dict(seen)


def found(person: Person, bot_id: str) -> set[str]:
    """Of which documents a search finds passages."""
    return {item["document_id"] for item in person.post(f"child-bots/{bot_id}/search", QUERY)["items"]}


def test_a_text_and_a_file_are_learned_and_deleted_with_a_receipt(person: Person):
    bot_id = person.post("child-bots", {"name": "Reader"})["id"]
    text_id = person.post("upload/text", {"bot_id": bot_id, "title": "whales.md", "text": TEXT})["id"]
    # Other words, since a search shows a passage that stands twice only once.
    file_id = person.upload(bot_id, "whales.txt", "text/plain", b"How much krill do blue whales eat a day? Nearly four tonnes.")
    for document_id in (text_id, file_id):
        assert person.wait_until_ended(document_id, 90)["status"] == "ready"
    assert found(person, bot_id) == {text_id, file_id}
    assert [chunk["place"]["headings"] for chunk in person.chunks(text_id)] == [["Whales"]]

    deletion = delete(person, f"documents/{text_id}")
    assert found(person, bot_id) == {file_id}
    assert person.http.get(f"documents/{text_id}").status_code == httpx.codes.NOT_FOUND
    done = receipt(person, deletion)
    assert (done["removed"]["documents"], done["removed"]["chunks"], done["removed"]["objects"]) == (1, 1, 4)
    assert delete(person, f"documents/{text_id}") == done
    assert found(person, bot_id) == {file_id}


def test_a_file_is_learned_anew_while_it_answers(person: Person):
    bot_id = person.post("child-bots", {"name": "Reader"})["id"]
    document_id = person.upload(bot_id, "whales.txt", "text/plain", TEXT.encode())
    person.wait_until_ended(document_id, 90)
    assert person.post(f"documents/{document_id}/reprocess", {})["generation"] == 2
    assert found(person, bot_id) == {document_id}
    learned = person.wait_until_ended(document_id, 90)
    assert (learned["status"], learned["live_generation"]) == ("ready", 2)
    assert found(person, bot_id) == {document_id}


def test_a_bot_goes_with_its_documents_and_leaves_the_conversations_with_it(person: Person):
    bot_id = person.post("child-bots", {"name": "Reader"})["id"]
    document_id = person.upload(bot_id, "whales.txt", "text/plain", TEXT.encode())
    person.wait_until_ended(document_id, 90)
    thread = person.ask(bot_id, "How much krill do blue whales eat?")["conversation_id"]

    done = receipt(person, delete(person, f"child-bots/{bot_id}"), 150)

    assert (done["removed"]["documents"], done["removed"]["versions"]) == (1, 1)
    assert receipt(person, {"id": f"document-{document_id}"})["status"] == "done"
    assert person.http.get(f"child-bots/{bot_id}").status_code == httpx.codes.NOT_FOUND
    assert len(person.get(f"chat/history/{thread}")["turns"]["items"]) == 1
    told = person.http.post("chat", json={"conversation_id": thread, "message": "And squid?"})
    assert told.status_code == httpx.codes.NOT_FOUND

    gone = receipt(person, delete(person, f"chat/history/{thread}"))
    assert gone["removed"]["turns"] == 1
    assert person.http.get(f"chat/history/{thread}").status_code == httpx.codes.NOT_FOUND
