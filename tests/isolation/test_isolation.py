"""Two tenants: every function that people call is called by Bob with each of Alice's ids, one at a time, and tells him nothing.

The cases come from the catalogue, so that a new function is covered, or fails here until this file knows an id of its kind.
"""

import copy
import importlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from shared.domain.conversation import Conversation
from shared.ports.blobs import Blobs
from shared.ports.store import Chunks
from shared.runtime import catalogue
from shared.runtime.functions import EntryPoint
from shared.runtime.wiring import bound
from tests.functional.harness import client_for
from tests.functional.people import NOW, World
from tests.memory.blobs import MemoryBlobs
from tests.memory.store import MemoryChunks

ALICES = {"bot_id": "bot", "document_id": "whales", "job_id": "whales", "chat_id": "thread", "conversation_id": "thread"}
"""What Alice owns, by the name under which requests ask for it."""
EVERYBODYS = {"persona_id"}
"""Ids of what belongs to nobody."""
PLAIN = {
    "message": "what do blue whales eat",
    "query": "what do blue whales eat",
    "name": "Reader",
    "title": "a.txt",
    "size_bytes": 9,
}
"""A right value for each required field that names nothing."""


class Case(NamedTuple):
    function: str
    field: str | None
    request: dict[str, Any]


def _entry(name: str) -> EntryPoint:
    entry: EntryPoint = getattr(importlib.import_module(f"functions.{name}.main"), name)
    return entry


def _cases() -> Iterator[Case]:
    for manifest in catalogue.read_all():
        if manifest.trigger.http is None or manifest.trigger.http.access == "public":
            continue
        fields = _entry(manifest.name).contract.request.model_fields
        required = {name: {**PLAIN, **ALICES}.get(name) for name, field in fields.items() if field.is_required()}
        named = [name for name in fields if name.endswith("_id") and name not in EVERYBODYS]
        for name in named or [None]:
            yield Case(manifest.name, name, required | ({name: ALICES.get(name)} if name else {}))


CASES = list(_cases())
NAMED = [case for case in CASES if case.field]
UNNAMED = [case for case in CASES if not case.field]


def _id(case: Case) -> str:
    return f"{case.function}-{case.field}"


@pytest.fixture(autouse=True)
def world() -> Iterator[World]:
    made = World()
    thread = Conversation(id="thread", owner_id="alice", bot_id="bot", title="Of whales", created_at=NOW, updated_at=NOW)
    made.store.conversations["thread"] = thread
    with made.running(), bound({Blobs: MemoryBlobs(), Chunks: MemoryChunks(made.store)}):
        yield made


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_this_file_knows_a_value_for_every_field_that_must_be_given(case: Case) -> None:
    assert [name for name, value in case.request.items() if value is None] == []


@pytest.mark.parametrize("case", NAMED, ids=_id)
async def test_anothers_id_answers_as_a_missing_one_and_changes_nothing(case: Case, world: World) -> None:
    before = copy.deepcopy(world.store)
    assert case.field
    refused = await client_for(case.function).call(case.request, token="bob")
    missing = await client_for(case.function).call(case.request | {case.field: "absent"}, token="bob")
    assert (refused.status, refused.error["message"]) == (404, missing.error["message"])
    assert _kept(world.store) == _kept(before)


@pytest.mark.parametrize("case", NAMED, ids=_id)
async def test_its_owner_is_served_under_the_same_id(case: Case) -> None:
    assert (await client_for(case.function).call(case.request, token="alice")).status == 200


@pytest.mark.parametrize("case", UNNAMED, ids=_id)
async def test_what_names_nothing_shows_nothing_of_anothers(case: Case) -> None:
    reply = await client_for(case.function).call(case.request, token="bob")
    assert reply.status == 200
    assert b"whale" not in reply.content.lower()
    assert b"alice" not in reply.content.lower()


@pytest.mark.parametrize("case", CASES, ids=_id)
async def test_without_a_token_nobody_is_served(case: Case) -> None:
    assert (await client_for(case.function).call(case.request)).status == 401


def _kept(store: Any) -> Any:
    """Everything but receipts, which are the caller's own, and the counter of versions, which no two copies share."""
    return {name: value for name, value in vars(store).items() if name not in {"receipts", "versions"}}
