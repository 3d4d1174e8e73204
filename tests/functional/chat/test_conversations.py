"""Conversations on the wire: branches, titles, keys under which a message is sent once, and visitors of a shared bot."""

from typing import Any

import pytest

from shared.core.errors import ConflictError
from shared.domain.bot import Visibility
from shared.domain.conversation import TurnStatus
from shared.ports.store import Turns
from shared.runtime.wiring import bound
from tests.functional.harness import client_for
from tests.functional.people import NOW, World, recorded
from tests.memory.interposed import Interposed, Raises
from tests.memory.turns import MemoryTurns

CHAT, CONVERSATION, RENAME = (client_for(name) for name in ("chat", "get_conversation", "rename_conversation"))
KEY = {"idempotency-key": "once"}


def ask(**changes: Any) -> Any:
    return recorded(__file__, "ask_bot", **changes)


def title(**changes: Any) -> Any:
    return recorded(__file__, "rename_conversation", **changes)


async def said(message: str, **fields: Any) -> Any:
    return (await CHAT.call({"message": message, **fields}, token="alice")).result


async def test_a_page_can_draw_the_branches_and_tell_the_active_one() -> None:
    first = await said("hello", bot_id="talker")
    thread = {"conversation_id": first["conversation_id"]}
    left = await said("more", **thread)
    again = await said("more", parent_turn_id=first["turn_id"], **thread)
    shown = (await CONVERSATION.call({"chat_id": thread["conversation_id"]}, token="alice")).result
    parents = {turn["id"]: turn["parent_turn_id"] for turn in shown["turns"]["items"]}
    assert parents == {first["turn_id"]: None, left["turn_id"]: first["turn_id"], again["turn_id"]: first["turn_id"]}
    assert (shown["conversation"]["active_turn_id"], shown["conversation"]["turns"]) == (again["turn_id"], 3)


@pytest.mark.parametrize("parent", ["thread-none", "none"])
async def test_a_parent_of_elsewhere_is_named(parent: str) -> None:
    first = await said("hello", bot_id="talker")
    fields = {"message": "more", "conversation_id": first["conversation_id"], "parent_turn_id": parent}
    reply = await CHAT.call(fields, token="alice")
    assert (reply.status, "parent_turn_id" in str(reply.error)) == (404, True)


async def test_a_message_that_is_sent_again_under_its_key_is_answered_by_the_same_turn(world: World) -> None:
    first = await CHAT.rest("POST", "/api/v1/chat", ask(), token="alice", headers=KEY)
    again = await CHAT.rest("POST", "/api/v1/chat", ask(), token="alice", headers=KEY)
    streamed = await CHAT.events({**ask(), "idempotency_key": "once"}, token="alice")
    assert first.json == again.json == streamed[-1]["result"]
    assert "".join(event["message"].get("text", "") for event in streamed[:-1]) == first.json["answer"]
    assert (len(world.store.turns), len(world.model.prompts)) == (1, 1)


@pytest.mark.parametrize("change", [{"message": "another"}, {"bot_id": "talker"}])
async def test_another_message_under_the_key_is_refused(world: World, change: dict[str, str]) -> None:
    await CHAT.rest("POST", "/api/v1/chat", ask(), token="alice", headers=KEY)
    reply = await CHAT.rest("POST", "/api/v1/chat", ask(**change), token="alice", headers=KEY)
    assert (reply.status, reply.json["field"], len(world.store.turns)) == (400, "idempotency_key", 1)


async def test_a_visitor_talks_by_the_link_until_it_is_withdrawn(world: World) -> None:
    bot = world.store.bots["bot"]
    world.store.bots["bot"] = bot.model_copy(update={"visibility": Visibility.LINK, "link": "secret"})
    first = await CHAT.call({"message": "what do blue whales eat", "link": "bot.secret"}, token="bob")
    assert (first.status, first.result["answer"]) == (200, "They eat krill [1].")
    thread = {"conversation_id": first.result["conversation_id"], "message": "and how much krill"}
    assert (await CHAT.call(thread, token="bob")).status == 200
    assert (await CONVERSATION.call({"chat_id": thread["conversation_id"]}, token="alice")).status == 404
    world.store.bots["bot"] = bot
    assert (await CHAT.call(thread, token="bob")).status == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [({"link": "bot.secret"}, "bot_id"), ({"version": 0}, "version"), ({"parent_turn_id": "../x"}, "parent_turn_id")],
)
async def test_a_wrong_field_of_a_message_is_named(change: dict[str, Any], field: str) -> None:
    reply = await CHAT.call(ask(**change), token="alice")
    assert (reply.status, field in str(reply.error)) == (400, True)


async def test_a_conversation_is_renamed_over_both_protocols_and_the_next_turn_keeps_its_title() -> None:
    first = await said("hello", bot_id="talker")
    chat_id = first["conversation_id"]
    renamed = await RENAME.rest("PUT", f"/api/v1/chat/history/{chat_id}", title(), token="alice")
    assert (renamed.status, renamed.json["title"], renamed.json["turns"]) == (200, "Whales and what they eat", 1)
    await said("more", conversation_id=chat_id)
    assert (await RENAME.call(title(chat_id=chat_id, title=" Again "), token="alice")).result["title"] == "Again"
    shown = (await CONVERSATION.call({"chat_id": chat_id}, token="alice")).result["conversation"]
    assert (shown["title"], shown["turns"]) == ("Again", 2)


async def test_a_title_given_while_a_turn_ends_is_not_undone(world: World) -> None:
    first = await said("hello", bot_id="talker")

    class Renamed(Raises):
        async def __call__(self, moment: str) -> None:
            if moment == "before settle":
                await RENAME.call(title(chat_id=first["conversation_id"]), token="alice")

    with bound({Turns: Interposed(MemoryTurns(world.store, lambda: NOW), Renamed())}):
        await said("more", conversation_id=first["conversation_id"])
    [conversation] = world.store.conversations.values()
    assert (conversation.title, conversation.turns) == ("Whales and what they eat", 2)


async def test_a_conversation_whose_first_turn_died_is_renamed_and_holds_it_once(world: World) -> None:
    first = await said("hello", bot_id="talker")
    [turn] = world.store.turns.values()
    dead = {"status": TurnStatus.RUNNING, "lease_until": NOW.replace(year=2025), "settlements": 0}
    world.store.turns[turn.conversation_id, turn.id] = turn.model_copy(update=dead)
    world.store.conversations.clear()
    renamed = (await RENAME.call(title(chat_id=first["conversation_id"]), token="alice")).result
    assert (renamed["title"], renamed["turns"]) == ("Whales and what they eat", 1)
    [conversation] = world.store.conversations.values()
    assert len(conversation.tail) == 2


async def test_a_conversation_that_many_write_at_once_is_told_as_a_conflict(world: World) -> None:
    first = await said("hello", bot_id="talker")
    again: list[BaseException] = [ConflictError("It has changed.") for _ in range(8)]
    with bound({Turns: Interposed(MemoryTurns(world.store, lambda: NOW), Raises({"before rewrite": again}))}):
        reply = await RENAME.call(title(chat_id=first["conversation_id"]), token="alice")
    assert (reply.status, reply.error["status"]) == (409, "ABORTED")


@pytest.mark.parametrize("wrong", ["", " ", "x" * 201, "two\nlines", "\u202e"])
async def test_a_title_is_one_line_of_printable_characters(wrong: str) -> None:
    reply = await RENAME.call({"chat_id": "c", "title": wrong}, token="alice")
    assert (reply.status, "title" in str(reply.error)) == (400, True)


async def test_anothers_conversation_cannot_be_renamed(world: World) -> None:
    chat_id = (await said("hello", bot_id="talker"))["conversation_id"]
    replies = [await RENAME.call(title(chat_id=one), token="bob") for one in (chat_id, "none")]
    told = {(reply.status, reply.error["message"], reply.error["details"]["field"]) for reply in replies}
    assert told == {(404, "There is no such conversation.", "chat_id")}
    assert world.store.conversations[chat_id].title == "hello"
    assert (await RENAME.call(title(chat_id=chat_id))).status == 401
