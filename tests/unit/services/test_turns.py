"""A turn is settled once, as what it was, whichever way it ends."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from shared.core.errors import ConflictError, ResourceExhaustedError, UnavailableError
from shared.core.settings import Settings
from shared.domain.bot import AgentKind
from shared.domain.conversation import Role, TokenUsage, TurnStatus
from shared.runtime import catalogue
from shared.runtime.boundary import working_seconds
from shared.services.turns import SETTLE_SECONDS
from tests.memory.chat_models import ScriptedChatModel
from tests.unit.services.chatting import ASKED, NOW, Chatting

TICK = 0.001


async def test_a_turn_that_ends_well_is_stored_whole() -> None:
    model = ScriptedChatModel(["Krill [[1|Blue whales eat krill]]."], usage=TokenUsage(prompt_tokens=90, completion_tokens=10))
    chatting = Chatting(model, kind=AgentKind.RAG)
    await chatting.ask()
    turn = chatting.stored
    assert (turn.status, turn.answer, turn.found, turn.error, turn.lease_until) == (
        TurnStatus.DONE,
        "Krill [1].",
        True,
        None,
        None,
    )
    assert (turn.bot_id, turn.bot_version, turn.bot_owner_id, turn.model) == ("bot", 1, "alice", "scripted")
    assert [citation.verified for citation in turn.citations] == [True]
    assert turn.latency_ms is not None
    assert turn.first_token_ms is not None
    assert turn.latency_ms >= turn.first_token_ms
    assert chatting.tokens == turn.calls[0].usage.total == 100


async def test_the_conversation_is_named_and_keeps_the_exchange() -> None:
    chatting = Chatting()
    await chatting.ask()
    [conversation] = chatting.store.conversations.values()
    assert (conversation.title, conversation.turns, conversation.bot_id) == (ASKED.message, 1, "bot")
    assert [(said.role, said.text) for said in conversation.tail] == [
        (Role.USER, ASKED.message),
        (Role.ASSISTANT, "They eat krill."),
    ]


async def test_while_it_runs_the_turn_is_stored_with_a_lease_and_what_it_set_aside() -> None:
    chatting = Chatting()
    turn = await chatting.chats.begin(ASKED)
    async with turn:
        running = chatting.stored
        assert (running.status, running.reserved_tokens) == (TurnStatus.RUNNING, chatting.tokens)
        assert running.lease_until is not None
        assert running.lease_until > NOW
        assert chatting.tokens > 1024
    assert chatting.tokens == 0


async def test_over_a_limit_nothing_is_stored_and_no_model_is_asked() -> None:
    chatting = Chatting()
    chatting.store.flow["alice", "turns 2026-11-22 10:00"] = 20
    turn = await chatting.chats.begin(ASKED)
    with pytest.raises(ResourceExhaustedError) as refused:
        await chatting.tell(turn)
    assert refused.value.retry_after_seconds == 30
    assert (chatting.store.turns, chatting.model.prompts, chatting.tokens) == ({}, [], 0)


async def test_a_model_that_fails_before_its_first_word_leaves_a_failed_turn_that_cost_nothing() -> None:
    chatting = Chatting(ScriptedChatModel([], error=UnavailableError("down")))
    with pytest.raises(UnavailableError):
        await chatting.ask()
    [conversation] = chatting.store.conversations.values()
    assert (chatting.stored.status, chatting.stored.error, chatting.stored.answer) == (TurnStatus.FAILED, "UNAVAILABLE", "")
    assert (chatting.tokens, conversation.turns, conversation.tail) == (0, 1, ())


async def test_a_model_that_fails_in_the_middle_leaves_what_came() -> None:
    chatting = Chatting(ScriptedChatModel(["They eat"], error=UnavailableError("cut")))
    with pytest.raises(UnavailableError):
        await chatting.ask()
    assert (chatting.stored.status, chatting.stored.answer) == (TurnStatus.FAILED, "They eat")
    assert 0 < chatting.tokens == sum(call.usage.total for call in chatting.stored.calls)


async def test_a_failing_search_leaves_a_failed_turn() -> None:
    chatting = Chatting(kind=AgentKind.RAG)
    chatting.library.embedder.errors.append(UnavailableError("down"))
    with pytest.raises(UnavailableError):
        await chatting.ask()
    assert (chatting.stored.status, chatting.tokens, chatting.model.prompts) == (TurnStatus.FAILED, 0, [])


async def test_a_defect_of_ours_is_stored_as_internal() -> None:
    chatting = Chatting()
    turn = await chatting.chats.begin(ASKED)
    with pytest.raises(ZeroDivisionError):
        async with turn:
            raise ZeroDivisionError
    assert (chatting.stored.status, chatting.stored.error) == (TurnStatus.FAILED, "INTERNAL")


async def left_in_the_middle(chatting: Chatting) -> None:
    """A client that listens to the first word and is gone."""
    turn = await chatting.chats.begin(ASKED)
    begun = asyncio.Event()

    async def listen() -> None:
        async with turn:
            async for _ in turn.events(chatting.knowledge):
                begun.set()

    task = asyncio.create_task(listen())
    await begun.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_client_that_leaves_keeps_what_came() -> None:
    chatting = Chatting(ScriptedChatModel(["They ", "eat."], gate=asyncio.Event()))
    await left_in_the_middle(chatting)
    [conversation] = chatting.store.conversations.values()
    assert (chatting.stored.status, chatting.stored.answer, chatting.stored.error) == (TurnStatus.INTERRUPTED, "They ", None)
    assert conversation.tail[-1].text == "They "
    assert chatting.tokens == sum(call.usage.total for call in chatting.stored.calls) > 0


async def test_a_client_that_leaves_while_the_turn_is_reserved_leaves_no_reservation() -> None:
    chatting = Chatting()
    chatting.turns.gates["reserve"] = asyncio.Event()
    turn = await chatting.chats.begin(ASKED)
    task = asyncio.create_task(chatting.tell(turn))
    await chatting.turns.reached["reserve"].wait()
    task.cancel()
    await asyncio.sleep(0)
    chatting.turns.gates["reserve"].set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (chatting.stored.status, chatting.tokens) == (TurnStatus.INTERRUPTED, 0)


async def test_a_client_that_leaves_a_refused_reservation_leaves_nothing() -> None:
    chatting = Chatting()
    chatting.turns.gates["reserve"] = asyncio.Event()
    chatting.turns.errors["reserve"] = ResourceExhaustedError("over")
    task = asyncio.create_task(chatting.tell(await chatting.chats.begin(ASKED)))
    await chatting.turns.reached["reserve"].wait()
    task.cancel()
    await asyncio.sleep(0)
    chatting.turns.gates["reserve"].set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert chatting.store.turns == {}


async def test_a_settlement_ends_though_its_caller_is_cancelled_twice() -> None:
    chatting = Chatting()
    chatting.turns.gates["settle"] = asyncio.Event()
    task = asyncio.create_task(chatting.tell(await chatting.chats.begin(ASKED)))
    await chatting.turns.reached["settle"].wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    chatting.turns.gates["settle"].set()
    await chatting.turns.settled.wait()
    assert chatting.stored.status is TurnStatus.DONE


async def test_a_settlement_that_fails_is_told() -> None:
    chatting = Chatting()
    chatting.turns.errors["settle"] = UnavailableError("down")
    with pytest.raises(UnavailableError, match="down"):
        await chatting.ask()
    assert chatting.stored.status is TurnStatus.RUNNING


async def test_a_settlement_that_fails_does_not_hide_why_the_turn_ended() -> None:
    chatting = Chatting(ScriptedChatModel([], error=ResourceExhaustedError("busy")))
    chatting.turns.errors["settle"] = UnavailableError("down")
    with pytest.raises(ResourceExhaustedError, match="busy"):
        await chatting.ask()


async def checkpointed(chatting: Chatting, gate: asyncio.Event) -> str:
    """The stored answer while the model pauses after its first word."""
    task = asyncio.create_task(chatting.ask())
    await chatting.turns.saved.wait()
    partial = chatting.stored.answer
    gate.set()
    await task
    return partial


async def test_a_checkpoint_saves_the_answer_so_far() -> None:
    gate = asyncio.Event()
    chatting = Chatting(ScriptedChatModel(["They ", "eat."], gate=gate), checkpoint=TICK)
    assert await checkpointed(chatting, gate) == "They "
    assert (chatting.stored.answer, chatting.stored.status) == ("They eat.", TurnStatus.DONE)


async def test_a_hanging_checkpoint_stops_no_word_and_no_second_one_begins() -> None:
    chatting = Chatting(ScriptedChatModel([f"{number} " for number in range(50)]), checkpoint=TICK)
    chatting.turns.gates["replace"] = asyncio.Event()
    turn = await chatting.chats.begin(ASKED)
    async with turn:
        events = turn.events(chatting.knowledge)
        await anext(events)
        await chatting.turns.reached["replace"].wait()
        told = 1 + sum([1 async for _ in events])
        chatting.turns.gates["replace"].set()
    assert (told, chatting.turns.most) == (50, 1)


async def test_a_checkpoint_in_flight_does_not_overwrite_the_settled_turn() -> None:
    chatting = Chatting(checkpoint=TICK)
    chatting.turns.gates["replace"] = asyncio.Event()
    turn = await chatting.chats.begin(ASKED)
    task = asyncio.create_task(turn.__aenter__())
    await task
    assert [event async for event in turn.events(chatting.knowledge)]
    await chatting.turns.reached["replace"].wait()
    leaving = asyncio.create_task(turn.__aexit__(None, None, None))
    await asyncio.sleep(TICK)
    assert not chatting.turns.reached["settle"].is_set()
    chatting.turns.gates["replace"].set()
    await leaving
    assert (chatting.stored.status, chatting.stored.answer, chatting.stored.lease_until) == (
        TurnStatus.DONE,
        "They eat krill.",
        None,
    )


async def test_a_failed_checkpoint_harms_nothing() -> None:
    chatting = Chatting(checkpoint=TICK)
    chatting.turns.errors["replace"] = ConflictError("another")
    turn = await chatting.chats.begin(ASKED)
    async with turn:
        assert [event async for event in turn.events(chatting.knowledge)]
        await chatting.turns.reached["replace"].wait()
    assert chatting.stored.status is TurnStatus.DONE


async def test_without_checkpoints_the_lease_spans_the_whole_turn() -> None:
    chatting = Chatting(checkpoint=0)
    turn = await chatting.chats.begin(ASKED)
    assert turn.record.lease_until is not None
    assert (turn.record.lease_until - NOW).total_seconds() > 300


@pytest.mark.parametrize(("days", "expiry"), [(30, NOW + timedelta(days=30)), (0, None)])
async def test_a_turn_is_kept_as_long_as_the_environment_says(days: int, expiry: datetime | None) -> None:
    chatting = Chatting(retention=days)
    turn = await chatting.chats.begin(ASKED)
    async with turn:
        assert chatting.stored.expire_at == expiry
    assert chatting.stored.expire_at == expiry


def test_a_year_is_the_default_retention() -> None:
    assert Settings().turn_retention_days == 365


def test_a_settlement_fits_into_what_the_platform_leaves_after_the_chats_work() -> None:
    timeout = catalogue.read("chat").timeout_seconds
    assert timeout - working_seconds(timeout) > SETTLE_SECONDS
