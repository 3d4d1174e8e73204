"""What becomes of a running turn that another writes meanwhile: stopped, taken over, deleted, or settled as dead."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.core.errors import ConflictError, NotFoundError, ResourceExhaustedError, UnavailableError
from shared.domain.bot import AgentKind
from shared.domain.conversation import TokenUsage, TurnStatus
from shared.services.abandoned import settle_abandoned
from shared.services.turns import LiveTurn
from tests.memory.chat_models import ScriptedChatModel
from tests.unit.services.chatting import ASKED, NOW, Chatting
from tests.unit.services.test_turns import TICK


def paused(*pieces: str, checkpoint: float = TICK, kind: AgentKind = AgentKind.CHAT) -> Chatting:
    """A model that says its first piece and then waits for ever."""
    model = ScriptedChatModel(pieces or ("They ", "eat."), gate=asyncio.Event(), usage=TokenUsage(prompt_tokens=90))
    return Chatting(model, checkpoint=checkpoint, kind=kind)


async def changed_in_the_middle(chatting: Chatting, change: Callable[[], object]) -> LiveTurn:
    """The turn after something was changed while its model paused; fails unless the turn then ends by itself."""
    turn = await chatting.chats.begin(ASKED)
    telling = asyncio.create_task(chatting.tell(turn))
    await chatting.turns.saved.wait()
    change()
    await asyncio.wait_for(telling, 5)
    return turn


async def test_a_wish_to_stop_ends_a_turn_at_its_next_checkpoint_and_keeps_what_came() -> None:
    chatting = paused()

    turn = await changed_in_the_middle(chatting, lambda: chatting.stored_as(stop_requested_at=NOW))

    [conversation] = chatting.store.conversations.values()
    assert (chatting.stored.status, chatting.stored.answer) == (TurnStatus.STOPPED, "They ")
    assert (turn.record, conversation.tail[-1].text) == (chatting.stored, "They ")
    assert chatting.tokens == sum(call.usage.total for call in chatting.stored.calls) > 0
    assert chatting.model.closed == 1


async def test_a_wish_to_stop_that_comes_with_new_words_is_seen_too() -> None:
    chatting = Chatting(ScriptedChatModel([f"{number} " for number in range(10_000)]), checkpoint=TICK)

    await changed_in_the_middle(chatting, lambda: chatting.stored_as(stop_requested_at=NOW))

    assert chatting.stored.status is TurnStatus.STOPPED
    assert 0 < len(chatting.stored.answer.split()) < 10_000


async def test_without_checkpoints_a_turn_that_should_stop_ends_whole() -> None:
    chatting = Chatting(checkpoint=0)
    turn = await chatting.chats.begin(ASKED)
    async with turn:
        chatting.stored_as(stop_requested_at=NOW)
        assert [event async for event in turn.events(chatting.knowledge)]
    assert (chatting.stored.status, chatting.stored.answer) == (TurnStatus.DONE, "They eat krill.")


async def test_a_turn_that_another_takes_ends_here_without_a_word_on_the_record() -> None:
    chatting = paused()

    with pytest.raises(ConflictError, match="continues elsewhere"):
        await changed_in_the_middle(chatting, lambda: chatting.stored_as(holder="other", attempt=2, answer="Anew"))

    assert (chatting.stored.answer, chatting.stored.status) == ("Anew", TurnStatus.RUNNING)
    assert chatting.store.conversations == {}


async def test_a_turn_that_is_taken_after_its_last_word_answers_no_result() -> None:
    chatting = Chatting(checkpoint=TICK)
    turn = await chatting.chats.begin(ASKED)
    await turn.__aenter__()
    assert [event async for event in turn.events(chatting.knowledge)]
    taken = chatting.stored_as(holder="other", attempt=2)
    await asyncio.sleep(20 * TICK)
    with pytest.raises(ConflictError, match="continues elsewhere"):
        await turn.__aexit__(None, None, None)
    assert chatting.stored == taken


async def test_a_turn_that_is_deleted_ends_here_and_stays_deleted() -> None:
    chatting = paused()

    with pytest.raises(NotFoundError):
        await changed_in_the_middle(chatting, chatting.store.turns.clear)

    assert (chatting.store.turns, chatting.store.conversations) == ({}, {})


async def test_a_conversation_that_is_deleted_meanwhile_takes_the_turn_with_it_and_is_charged() -> None:
    chatting = Chatting(ScriptedChatModel(["They eat."], usage=TokenUsage(prompt_tokens=90, completion_tokens=10)))
    turn = await chatting.chats.begin(ASKED)
    await turn.__aenter__()
    assert [event async for event in turn.events(chatting.knowledge)]
    tombstone = turn._scene.conversation.model_copy(update={"deleted_at": NOW})
    chatting.store.conversations[tombstone.id] = tombstone
    with pytest.raises(NotFoundError):
        await turn.__aexit__(None, None, None)
    assert (chatting.store.turns, chatting.tokens) == ({}, 100)
    assert list(chatting.store.conversations.values()) == [tombstone]


async def test_checkpoints_whose_answers_are_lost_are_seen_to_be_our_own() -> None:
    gate = asyncio.Event()
    chatting = Chatting(ScriptedChatModel(["They ", "eat."], gate=gate), checkpoint=TICK)
    chatting.turns.loses_answers = True
    task = asyncio.create_task(chatting.ask())
    await chatting.until(lambda: bool(chatting.store.turns) and chatting.stored.answer == "They ")
    await asyncio.sleep(5 * TICK)
    chatting.turns.loses_answers = False
    gate.set()
    await task
    assert (chatting.stored.status, chatting.stored.answer) == (TurnStatus.DONE, "They eat.")


async def test_a_settlement_right_after_a_lost_checkpoint_stands() -> None:
    gate = asyncio.Event()
    chatting = Chatting(ScriptedChatModel(["They ", "eat."], gate=gate), checkpoint=0.05)
    chatting.turns.loses_answers = True
    task = asyncio.create_task(chatting.ask())
    await chatting.until(lambda: bool(chatting.store.turns) and chatting.stored.answer == "They ")
    gate.set()
    await task
    assert (chatting.stored.status, chatting.stored.answer, chatting.tokens) == (
        TurnStatus.DONE,
        "They eat.",
        chatting.stored.calls[0].usage.total,
    )


async def test_a_zombie_that_wakes_after_it_was_settled_writes_nothing() -> None:
    chatting = Chatting(checkpoint=0)
    turn = await chatting.chats.begin(ASKED)
    await turn.__aenter__()
    chatting.pass_(1000)
    [read] = await chatting.turns.abandoned(chatting.now, 10)
    settled = await settle_abandoned(chatting.turns, read, chatting.now)
    assert [event async for event in turn.events(chatting.knowledge)]
    with pytest.raises(ConflictError):
        await turn.__aexit__(None, None, None)
    [conversation] = chatting.store.conversations.values()
    assert (chatting.stored, settled.status, conversation.turns) == (settled, TurnStatus.INTERRUPTED, 1)
    assert chatting.tokens == 0


async def test_a_zombie_that_is_only_slow_is_not_settled_by_who_read_it_before() -> None:
    chatting = paused()
    task = asyncio.create_task(chatting.ask())
    await chatting.turns.saved.wait()
    read = await chatting.turns.load(chatting.stored.id)
    assert read is not None
    chatting.stored_as(lease_until=NOW + timedelta(seconds=2000))
    with pytest.raises(ConflictError):
        await settle_abandoned(chatting.turns, read, NOW)
    task.cancel()
    await asyncio.wait({task})


async def test_a_checkpoint_keeps_citations_and_what_the_running_call_has_used_so_far() -> None:
    chatting = paused("Krill [[1|Blue whales eat krill]]. ", "Much.", kind=AgentKind.RAG)
    task = asyncio.create_task(chatting.ask())
    await chatting.turns.saved.wait()
    stored = chatting.stored
    task.cancel()
    await asyncio.wait({task})
    [call] = stored.calls
    assert [citation.verified for citation in stored.citations] == [True]
    assert (stored.found, call.estimated, call.finish_reason) == (True, True, None)
    assert call.usage.prompt_tokens > 0
    assert call.usage.completion_tokens > 0


async def test_a_dead_turn_is_charged_what_its_last_checkpoint_says_and_counted_once() -> None:
    chatting = paused()
    task = asyncio.create_task(chatting.ask())
    await chatting.turns.saved.wait()
    dead = chatting.stored
    task.cancel()
    await asyncio.wait({task})
    chatting.store.turns[dead.conversation_id, dead.id] = dead
    chatting.store.conversations.clear()
    chatting.store.flow["alice", "tokens 2026-11"] = dead.reserved_tokens
    chatting.pass_(1000)

    [read] = await chatting.turns.abandoned(chatting.now, 10)
    ended = await settle_abandoned(chatting.turns, read, chatting.now)

    [conversation] = chatting.store.conversations.values()
    assert (ended.status, ended.answer, ended.lease_until) == (TurnStatus.INTERRUPTED, "They ", None)
    assert (conversation.turns, conversation.tail[-1].text, conversation.title) == (1, "They ", ASKED.message)
    assert chatting.tokens == dead.calls[0].usage.total > 0
    assert await chatting.turns.abandoned(chatting.now, 10) == []


async def test_the_days_ceiling_refuses_before_anything_is_stored_and_takes_back_what_was_not_used() -> None:
    chatting = Chatting(ceiling=5000)
    turn = await chatting.ask()
    used = turn.answer.usage.total
    reserved = turn.record.reserved_tokens
    fitting = (5000 - reserved) // used
    for _ in range(fitting):
        await chatting.ask()
        chatting.pass_(60)
    with pytest.raises(ResourceExhaustedError, match="service has reached its own limit") as refused:
        await asked_again_and_again(chatting)
    assert refused.value.retry_after_seconds is not None
    assert 0 < refused.value.retry_after_seconds < 86_400
    assert chatting.store.ceilings["20261122"] <= 5000
    assert all(turn.status is TurnStatus.DONE for turn in chatting.store.turns.values())


async def asked_again_and_again(chatting: Chatting) -> None:
    for _ in range(200):
        await chatting.ask()
        chatting.pass_(60)


async def test_what_a_refused_turn_took_of_the_ceiling_is_given_back() -> None:
    chatting = Chatting(ceiling=4000)
    chatting.turns.errors["reserve"] = UnavailableError("down")
    for _ in range(5):
        with pytest.raises(UnavailableError):
            await chatting.ask()
    del chatting.turns.errors["reserve"]
    assert (await chatting.ask()).record.status is TurnStatus.DONE
