"""The log of a bot: its owner, who pays, reads what everybody asked, but not who asked."""

from typing import Any

import pytest

from shared.core.errors import UnavailableError
from shared.domain.conversation import ModelCall, TokenUsage, Turn, TurnStatus
from shared.ports.log import Log
from shared.runtime.wiring import bound
from tests.contracts.records import turn
from tests.functional.harness import client_for
from tests.functional.people import NOW, World
from tests.memory.interposed import Interposed, Raises
from tests.memory.log import MemoryLog

TURNS = client_for("list_bot_turns")
GET = client_for("get_bot")
PATH = "/api/v1/child-bots/bot/turns"


def asked(world: World, asker: str, thread: str, **fields: Any) -> Turn:
    """A turn with Alice's bot that has ended."""
    known = {"bot_id": "bot", "bot_owner_id": "alice", "bot_version": 1, "created_at": NOW, "updated_at": NOW}
    call = ModelCall(model="scripted", usage=TokenUsage(prompt_tokens=30, completion_tokens=10))
    done = {"status": TurnStatus.DONE, "answer": "Krill.", "calls": (call,), "latency_ms": 800, "lease_until": None}
    made = turn(thread, asker, **{**known, **done, "rating": "up", **fields})
    world.store.turns[thread, made.id] = made
    return made


async def test_the_owner_reads_a_visitors_question_and_not_who_asked(world: World) -> None:
    made = asked(world, "mallory", "secret-thread", question="Do whales sleep?", comment="Helpful.")
    reply = await TURNS.rest("GET", PATH, token="alice")

    [entry] = reply.json["items"]
    said = (entry["question"], entry["answer"], entry["rating"], entry["comment"])
    assert said == ("Do whales sleep?", "Krill.", "up", "Helpful.")
    assert (entry["status"], entry["model"], entry["bot_version"]) == ("done", "local-extractive", 1)
    assert (entry["usage"], entry["latency_ms"]) == ({"prompt_tokens": 30, "completion_tokens": 10}, 800)
    assert (entry["turn_id"], entry["conversation_id"]) == (None, None)
    assert not any(name.encode() in reply.content for name in ("mallory", "secret-thread", made.id))


async def test_of_an_own_turn_the_conversation_is_shown(world: World) -> None:
    made = asked(world, "alice", "thread")
    [entry] = (await TURNS.call({"bot_id": "bot"}, token="alice")).result["items"]
    assert (entry["turn_id"], entry["conversation_id"]) == (made.id, "thread")


async def test_a_turn_whose_instance_died_is_shown_as_interrupted(world: World) -> None:
    asked(world, "bob", "thread", status=TurnStatus.RUNNING)
    [entry] = (await TURNS.call({"bot_id": "bot"}, token="alice")).result["items"]
    assert entry["status"] == "interrupted"


async def test_the_log_is_walked_by_page_and_its_entries_have_ids_of_their_own(world: World) -> None:
    for number in range(3):
        asked(world, "bob", f"thread-{number}")
    first = (await TURNS.rest("GET", f"{PATH}?page_size=2", token="alice")).json
    rest = (await TURNS.rest("GET", f"{PATH}?page_size=2&cursor={first['next_cursor']}", token="alice")).json
    ids = [entry["id"] for entry in first["items"] + rest["items"]]
    assert (len(set(ids)), rest["next_cursor"]) == (3, None)
    assert ids == [entry["id"] for entry in (await TURNS.call({"bot_id": "bot"}, token="alice")).result["items"]]


async def test_a_visitor_cannot_read_the_log_not_even_of_own_turns(world: World) -> None:
    asked(world, "bob", "thread")
    replies = [await TURNS.rest("GET", f"/api/v1/child-bots/{bot_id}/turns", token="bob") for bot_id in ("bot", "none")]
    assert [(reply.status, reply.json["detail"]) for reply in replies] == [(404, "There is no such bot.")] * 2


async def test_figures_stand_with_the_bot(world: World) -> None:
    asked(world, "bob", "thread-1")
    asked(world, "alice", "thread-2", rating="down", latency_ms=400)
    figures = (await GET.call({"bot_id": "bot"}, token="alice")).result["figures"]
    assert figures == {"days": 30, "turns": 2, "rated_up": 1, "rated_down": 1, "average_latency_ms": 600}


@pytest.mark.parametrize(
    ("field", "text"), [("page_size", "0"), ("page_size", "101"), ("page_size", "x"), ("cursor", "x"), ("since", "1")]
)
async def test_a_wrong_page_names_its_field(field: str, text: str) -> None:
    reply = await TURNS.rest("GET", f"{PATH}?{field}={text}", token="alice")
    assert (reply.status, reply.json["field"]) == (400, field)


async def test_a_log_that_fails_is_unavailable(world: World) -> None:
    errors = {f"before {method}": [UnavailableError("The store did not answer.")] for method in ("turns", "figures")}
    with bound({Log: Interposed(MemoryLog(world.store), Raises(errors))}):
        replies = [await TURNS.call({"bot_id": "bot"}, token="alice"), await GET.call({"bot_id": "bot"}, token="alice")]
    assert [reply.error["status"] for reply in replies] == ["UNAVAILABLE"] * 2


async def test_nobody_unknown_reads_a_log() -> None:
    assert (await TURNS.call({"bot_id": "bot"})).status == 401
