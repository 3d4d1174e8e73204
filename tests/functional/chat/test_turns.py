"""A turn after it was begun, on the wire: resumed, stopped, rated, and swept when its instance died."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import UnavailableError
from shared.core.settings import Settings
from shared.domain.conversation import Turn, TurnStatus
from shared.ports.store import Turns
from shared.runtime.wiring import bound
from tests.functional.harness import client_for
from tests.functional.people import NOW, SETTINGS, World, recorded
from tests.memory.interposed import Interposed, Raises
from tests.memory.turns import MemoryTurns

CHAT, CONVERSATION = client_for("chat"), client_for("get_conversation")
RESUME, STOP, RATE = (client_for(f"{name}_turn") for name in ("resume", "stop", "rate"))
SWEEP = client_for("sweep_abandoned_turns")
TURN_CALLS = [("resume_turn", {}), ("stop_turn", {}), ("rate_turn", {"rating": "up"})]


def ask(**changes: Any) -> Any:
    return recorded(__file__, "ask_bot", **changes)


async def answered(**changes: Any) -> Any:
    return (await CHAT.call(ask(**changes), token="alice")).result


def stored(world: World) -> Turn:
    [turn] = world.store.turns.values()
    return turn


def write(world: World, **changes: object) -> Turn:
    turn = stored(world).model_copy(update=changes)
    world.store.turns[turn.conversation_id, turn.id] = turn
    return turn


async def cut(world: World) -> str:
    """A turn whose client left after its first words; its id."""
    world.model.gate = asyncio.Event()
    async with CHAT.stream(ask(), token="alice") as stream:
        turn = (await stream.next())["message"]
        await stream.next()
        stream.disconnect()
    world.model.gate = None
    return str(turn["turn_id"])


async def dead(world: World) -> str:
    """A turn whose instance died after a checkpoint."""
    turn_id = await cut(world)
    turn = write(world, status=TurnStatus.RUNNING, lease_until=NOW - timedelta(seconds=1), settlements=0)
    world.store.conversations.clear()
    world.store.flow["alice", "tokens 2026-11"] = turn.reserved_tokens
    return turn_id


def tokens(world: World) -> int:
    return world.store.flow["alice", "tokens 2026-11"]


async def test_a_cut_turn_is_resumed_whole_over_a_stream_and_at_its_route(world: World) -> None:
    turn_id = await cut(world)
    events = await RESUME.events({"turn_id": turn_id}, token="alice")
    assert [event["message"]["type"] for event in events[:-1]] == ["turn", "token", "citation", "token", "usage"]
    assert (events[-1]["result"]["answer"], events[-1]["result"]["status"]) == ("They eat krill [1].", "done")
    again = await RESUME.rest("GET", f"/api/v1/chat/turns/{turn_id}", token="alice")
    assert (again.status, again.json) == (200, events[-1]["result"])
    assert (len(world.model.prompts), stored(world).attempt) == (2, 2)
    assert tokens(world) == sum(call.usage.total for call in stored(world).calls)


async def test_over_the_limit_a_resumed_turn_is_refused_and_stays(world: World) -> None:
    turn_id = await cut(world)
    before = stored(world)
    world.store.flow["alice", "turns 2026-11-22 10:00"] = 20
    async with RESUME.stream({"turn_id": turn_id}, token="alice") as stream:
        reply = await stream.reply()
    assert (reply.status, reply.headers["retry-after"]) == (429, "30")
    assert stored(world) == before
    shown = (await CONVERSATION.call({"chat_id": before.conversation_id}, token="alice")).result["turns"]["items"]
    assert [(turn["status"], turn["answer"]) for turn in shown] == [("interrupted", "They eat krill ")]


async def test_a_turn_is_stopped_while_it_streams_and_ends_with_its_result(world: World) -> None:
    world.model.gate = asyncio.Event()
    with bound({Settings: SETTINGS.model_copy(update={"stream_checkpoint_seconds": 0.001})}):
        async with CHAT.stream(ask(), token="alice") as stream:
            turn_id = (await stream.next())["message"]["turn_id"]
            await stream.next()
            stopping = await STOP.rest("POST", f"/api/v1/chat/turns/{turn_id}/stop", token="alice")
            rest = await stream.rest_of_events()
    assert (stopping.status, stopping.json) == (200, {"turn_id": turn_id, "status": "running"})
    assert (rest[-1]["result"]["status"], rest[-1]["result"]["answer"]) == ("stopped", "They eat krill ")
    ended = (await STOP.call({"turn_id": turn_id}, token="alice")).result
    assert ended == {"turn_id": turn_id, "status": "stopped"}
    assert (await RESUME.events({"turn_id": turn_id}, token="alice"))[-1] == rest[-1]
    assert world.model.closed == 1


async def test_a_wish_to_stop_is_kept_once(world: World) -> None:
    await cut(world)
    turn_id = write(world, status=TurnStatus.RUNNING, lease_until=NOW + timedelta(seconds=60)).id
    assert (await STOP.call({"turn_id": turn_id}, token="alice")).result["status"] == "running"
    wished = stored(world)
    assert (await STOP.call({"turn_id": turn_id}, token="alice")).result["status"] == "running"
    assert (stored(world), wished.stop_requested_at) == (wished, NOW)


async def test_a_turn_whose_instance_is_gone_is_stopped_at_once(world: World) -> None:
    turn_id = await dead(world)
    assert (await STOP.call({"turn_id": turn_id}, token="alice")).result == {"turn_id": turn_id, "status": "stopped"}
    [conversation] = world.store.conversations.values()
    assert (stored(world).status, conversation.turns) == (TurnStatus.STOPPED, 1)
    assert tokens(world) == sum(call.usage.total for call in stored(world).calls)


async def test_an_ended_turn_is_not_stopped_any_more(world: World) -> None:
    result = await answered()
    before = stored(world)
    assert (await STOP.call({"turn_id": result["turn_id"]}, token="alice")).result["status"] == "done"
    assert stored(world) == before


async def test_a_turn_is_rated_shown_so_and_the_rating_taken_back(world: World) -> None:
    result = await answered()
    url = f"/api/v1/chat/turns/{result['turn_id']}/rating"
    rated = await RATE.rest("PUT", url, recorded(__file__, "rate_turn"), token="alice")
    assert (rated.status, rated.json["rating"], rated.json["comment"]) == (200, "up", "Short, and with its source.")
    shown = (await CONVERSATION.call({"chat_id": result["conversation_id"]}, token="alice")).result["turns"]["items"][0]
    assert (shown["rating"], shown["comment"], stored(world).rated_at) == ("up", "Short, and with its source.", NOW)
    back = (await RATE.call({"turn_id": result["turn_id"], "rating": None, "comment": "x"}, token="alice")).result
    assert back == {"turn_id": result["turn_id"], "rating": None, "comment": None}


async def test_a_running_turn_is_not_rated(world: World) -> None:
    await cut(world)
    running = write(world, status=TurnStatus.RUNNING, lease_until=NOW + timedelta(seconds=60))
    reply = await RATE.call({"turn_id": running.id, "rating": "down"}, token="alice")
    assert (reply.status, reply.error["status"]) == (400, "FAILED_PRECONDITION")
    assert stored(world) is running


async def test_a_turn_whose_instance_is_gone_is_rated_as_the_interrupted_one_that_is_shown(world: World) -> None:
    turn_id = await dead(world)
    assert (await RATE.call({"turn_id": turn_id, "rating": "down"}, token="alice")).result["rating"] == "down"
    assert (stored(world).status, stored(world).rating) == (TurnStatus.INTERRUPTED, "down")
    assert tokens(world) == sum(call.usage.total for call in stored(world).calls)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"rating": "great"}, "rating"), ({"comment": "x" * 2001}, "comment"), ({"turn_id": "../x"}, "turn_id"), ({"x": 1}, "x")],
)
async def test_a_wrong_rating_is_named(change: dict[str, Any], field: str) -> None:
    reply = await RATE.call({"turn_id": "c-t", "rating": "up", **change}, token="alice")
    assert (reply.status, field in str(reply.error)) == (400, True)


@pytest.mark.parametrize(("name", "fields"), TURN_CALLS)
async def test_anothers_turn_reads_as_a_missing_one(name: str, fields: dict[str, Any]) -> None:
    known = (await answered())["turn_id"]
    replies = [
        await client_for(name).call({"turn_id": turn_id, **fields}, token="bob") for turn_id in (known, "thread-none", "x")
    ]
    told = {(reply.status, reply.error["message"], reply.error["details"]["field"]) for reply in replies}
    assert told == {(404, "There is no such turn.", "turn_id")}


@pytest.mark.parametrize(("name", "fields"), TURN_CALLS)
async def test_a_turn_of_a_deleted_conversation_reads_as_a_missing_one(world: World, name: str, fields: dict[str, Any]) -> None:
    result = await answered()
    [conversation] = world.store.conversations.values()
    world.store.conversations[conversation.id] = conversation.model_copy(update={"deleted_at": NOW})
    assert (await client_for(name).call({"turn_id": result["turn_id"], **fields}, token="alice")).status == 404
    again = await CHAT.call({"conversation_id": conversation.id, "message": "go on"}, token="alice")
    shown = await CONVERSATION.call({"chat_id": conversation.id}, token="alice")
    assert (again.status, shown.status) == (404, 404)


@pytest.mark.parametrize(("name", "fields"), TURN_CALLS)
@pytest.mark.parametrize("moment", ["before find", "after find"])
async def test_a_store_that_does_not_answer_is_told_as_unavailable(
    world: World, name: str, fields: dict[str, Any], moment: str
) -> None:
    turn_id = (await answered())["turn_id"]
    hook = Raises({moment: [UnavailableError("The store did not answer.")]})
    with bound({Turns: Interposed(MemoryTurns(world.store, lambda: NOW), hook)}):
        reply = await client_for(name).call({"turn_id": turn_id, **fields}, token="alice")
    assert (reply.status, reply.error["status"]) == (503, "UNAVAILABLE")


@pytest.mark.parametrize(("name", "fields"), TURN_CALLS)
async def test_nobody_unknown_is_served(name: str, fields: dict[str, Any]) -> None:
    assert (await client_for(name).call({"turn_id": "c-t", **fields})).status == 401


async def test_the_sweep_settles_a_dead_turn_once_and_gives_back_what_it_did_not_use(world: World) -> None:
    await dead(world)
    for _ in range(2):
        assert (await SWEEP.schedule()).status == 204
    [conversation] = world.store.conversations.values()
    assert (stored(world).status, stored(world).answer, stored(world).lease_until) == (
        TurnStatus.INTERRUPTED,
        "They eat krill ",
        None,
    )
    assert (conversation.turns, conversation.tail[-1].text) == (1, "They eat krill ")
    assert tokens(world) == sum(call.usage.total for call in stored(world).calls) > 0


async def test_one_turns_trouble_does_not_keep_the_sweep_from_the_others(world: World) -> None:
    await dead(world)
    other = stored(world).model_copy(update={"id": "other-turn", "conversation_id": "other"})
    world.store.turns["other", "other-turn"] = other
    hook = Raises({"before settle": [UnavailableError("The store did not answer.")]})
    with bound({Turns: Interposed(MemoryTurns(world.store, lambda: NOW), hook)}):
        assert (await SWEEP.schedule()).status == 204
    assert [turn.status for turn in world.store.turns.values()].count(TurnStatus.INTERRUPTED) == 1


async def test_the_sweep_comes_again_where_the_store_does_not_answer(world: World) -> None:
    hook = Raises({"before abandoned": [UnavailableError("The store did not answer.")]})
    with bound({Turns: Interposed(MemoryTurns(world.store, lambda: NOW), hook)}):
        assert (await SWEEP.schedule()).status == 503
