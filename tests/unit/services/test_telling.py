"""A turn is told whole, in order and once to whoever asks for it, and asked again only where it broke off."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from shared.core.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError, UnavailableError
from shared.domain.base import Model
from shared.domain.bot import AgentKind, BotVersion
from shared.domain.conversation import TokenUsage, Turn, TurnStatus
from shared.domain.events import CitationFound, Restarted, Token, TurnStarted, UsageCounted
from shared.domain.views import ChatResult
from tests.memory.chat_models import ScriptedChatModel
from tests.unit.agent.library import a_bot
from tests.unit.services.chatting import ASKED, Chatting
from tests.unit.services.test_turns import TICK, left_in_the_middle

KEYED = replace(ASKED, key="once")


async def told(outputs: Any) -> list[Model]:
    return [output async for output in outputs]


def kinds(outputs: list[Model]) -> list[type[Model]]:
    return [type(output) for output in outputs]


def shown(outputs: list[Model]) -> tuple[str, int]:
    """What a page that follows the events shows in the end: text, and how many citations."""
    text, citations = "", 0
    for output in outputs:
        if isinstance(output, Restarted):
            text, citations = "", 0
        elif isinstance(output, Token):
            text += output.text
        else:
            citations += isinstance(output, CitationFound)
    return text, citations


async def interrupted(chatting: Chatting) -> Turn:
    """A turn whose client left after its first word."""
    chatting.model.gate = asyncio.Event()
    await left_in_the_middle(chatting)
    chatting.model.gate = None
    return chatting.stored


def talker() -> Chatting:
    return Chatting(ScriptedChatModel(["They ", "eat."], usage=TokenUsage(prompt_tokens=90, completion_tokens=10)))


async def test_an_ended_turn_is_replayed_with_its_citations_cost_and_result_and_no_model_is_asked() -> None:
    chatting = Chatting(ScriptedChatModel(["Krill [[1|Blue whales eat krill]]."]), kind=AgentKind.RAG)
    turn = (await chatting.ask()).record

    outputs = await told(chatting.telling.resume(turn.id, "alice"))

    assert kinds(outputs) == [TurnStarted, CitationFound, Token, UsageCounted, ChatResult]
    assert (shown(outputs), outputs[-1]) == (("Krill [1].", 1), ChatResult.of(turn))
    assert len(chatting.model.prompts) == 1


@pytest.mark.parametrize("status", [TurnStatus.STOPPED, TurnStatus.FAILED])
async def test_a_turn_that_was_stopped_or_failed_is_not_asked_again(status: TurnStatus) -> None:
    chatting = talker()
    await chatting.ask()
    stored = chatting.stored_as(status=status)

    outputs = await told(chatting.telling.resume(stored.id, "alice"))

    assert (outputs[-1], len(chatting.model.prompts)) == (ChatResult.of(stored), 1)


@pytest.mark.parametrize("uid", ["alice", "bob"])
async def test_a_missing_turn_and_anothers_answer_alike(uid: str) -> None:
    chatting = talker()
    turn_id = (await chatting.ask()).record.id if uid == "bob" else "talk-turn"
    with pytest.raises(NotFoundError) as refused:
        await told(chatting.telling.resume(turn_id, uid))
    assert (refused.value.message, refused.value.field) == ("There is no such turn.", "turn_id")


async def test_an_interrupted_turn_is_asked_again_whole_and_counts_once() -> None:
    chatting = talker()
    first = await interrupted(chatting)
    spent = chatting.tokens

    outputs = await told(chatting.telling.resume(first.id, "alice"))

    [conversation] = chatting.store.conversations.values()
    assert kinds(outputs) == [TurnStarted, Token, Token, UsageCounted, ChatResult]
    assert shown(outputs) == ("They eat.", 0)
    assert (chatting.stored.status, chatting.stored.attempt, chatting.stored.settlements) == (TurnStatus.DONE, 2, 2)
    assert (conversation.turns, conversation.tail[-1].text, len(conversation.tail)) == (1, "They eat.", 2)
    assert chatting.tokens == spent + 100 == sum(call.usage.total for call in chatting.stored.calls)
    assert chatting.model.prompts[1].history == ()


async def test_a_turn_is_asked_again_with_what_was_said_before_it_and_at_its_own_version() -> None:
    chatting = talker()
    await chatting.ask()
    chatting.store.bot_versions["bot", 1] = BotVersion.of(chatting.store.bots["bot"])
    talk = replace(ASKED, bot_id=None, conversation_id=chatting.stored.conversation_id, message="Why?")
    chatting.model.gate = asyncio.Event()
    task = asyncio.create_task(chatting.ask(talk))
    await chatting.until(lambda: len(chatting.model.prompts) == 2)
    task.cancel()
    await asyncio.wait({task})
    chatting.model.gate = None
    chatting.store.bots["bot"] = a_bot(agent_kind="chat", model="scripted", instructions="Changed.").model_copy(
        update={"version": 2}
    )
    [broken] = [turn for turn in chatting.store.turns.values() if turn.status is TurnStatus.INTERRUPTED]

    await told(chatting.telling.resume(broken.id, "alice"))

    _, before, again = chatting.model.prompts
    assert again == before
    assert [said.text for said in again.history] == [ASKED.message, "They eat."]


@pytest.mark.parametrize("readers", [2, 5])
async def test_of_many_who_resume_one_asks_the_model_and_all_are_told_the_whole(readers: int) -> None:
    chatting = Chatting(ScriptedChatModel([f"{n} " for n in range(40)]), checkpoint=TICK)
    first = await interrupted(chatting)

    every = await asyncio.gather(*(told(chatting.telling.resume(first.id, "alice")) for _ in range(readers)))

    assert len(chatting.model.prompts) == 2
    assert {shown(outputs)[0] for outputs in every} == {chatting.stored.answer}
    assert {outputs[-1] for outputs in every} == {ChatResult.of(chatting.stored)}
    assert chatting.stored.attempt == 2


async def test_a_running_turn_is_followed_from_its_first_word_to_its_result() -> None:
    gate = asyncio.Event()
    chatting = Chatting(ScriptedChatModel(["They ", "eat."], gate=gate), checkpoint=TICK)
    asking = asyncio.create_task(chatting.ask())
    await chatting.turns.saved.wait()
    following = asyncio.create_task(told(chatting.telling.resume(chatting.stored.id, "alice")))
    await asyncio.sleep(20 * TICK)
    gate.set()
    await asking

    outputs = await following

    assert kinds(outputs) == [TurnStarted, Token, Token, UsageCounted, ChatResult]
    assert (shown(outputs)[0], len(chatting.model.prompts)) == ("They eat.", 1)


async def test_a_follower_of_a_turn_that_dies_drops_what_it_shows_and_gets_the_answer_anew() -> None:
    chatting = talker()
    first = await interrupted(chatting)
    dying = first.model_copy(update={"status": TurnStatus.RUNNING, "lease_until": chatting.now, "settlements": 0})
    chatting.store.turns[first.conversation_id, first.id] = dying
    chatting.store.conversations.clear()
    chatting.store.flow["alice", "tokens 2026-11"] = dying.reserved_tokens
    following = asyncio.create_task(told(chatting.telling.resume(first.id, "alice")))
    await asyncio.sleep(TICK)
    chatting.pass_(1)

    outputs = await following

    assert kinds(outputs) == [TurnStarted, Token, Restarted, Token, Token, UsageCounted, ChatResult]
    assert shown(outputs)[0] == "They eat."
    assert chatting.tokens == sum(call.usage.total for call in chatting.stored.calls)
    [conversation] = chatting.store.conversations.values()
    assert (conversation.turns, len(conversation.tail)) == (1, 2)


async def test_while_a_second_attempt_is_shorter_the_first_ones_words_stay_on_the_record() -> None:
    chatting = Chatting(ScriptedChatModel(["A long first half of an answer. ", "More."]), checkpoint=TICK)
    first = await interrupted(chatting)
    chatting.model.script, chatting.model.gate = ["Short ", "and then at last longer than before, after all."], asyncio.Event()
    resuming = asyncio.create_task(told(chatting.telling.resume(first.id, "alice")))
    await chatting.until(lambda: len(chatting.model.prompts) == 2)
    await asyncio.sleep(20 * TICK)
    assert (chatting.stored.attempt, chatting.stored.answer) == (2, first.answer)
    chatting.model.gate.set()
    await resuming
    assert chatting.stored.answer == "Short and then at last longer than before, after all."


@pytest.mark.parametrize(("pieces", "kept"), [(["Sho"], "They "), (["They eat much more"], "They eat much more"), ([], "They ")])
async def test_of_a_second_attempt_that_fails_the_longer_answer_is_kept(pieces: list[str], kept: str) -> None:
    chatting = talker()
    first = await interrupted(chatting)
    chatting.model.script, chatting.model.error = pieces, UnavailableError("down")

    with pytest.raises(UnavailableError):
        await told(chatting.telling.resume(first.id, "alice"))

    assert (chatting.stored.status, chatting.stored.answer) == (TurnStatus.FAILED, kept)
    assert chatting.tokens == sum(call.usage.total for call in chatting.stored.calls)


async def test_over_the_limits_the_partial_answer_stays_and_can_be_resumed_later() -> None:
    chatting = talker()
    first = await interrupted(chatting)
    chatting.store.flow["alice", "turns 2026-11-22 10:00"] = 20

    with pytest.raises(ResourceExhaustedError):
        await told(chatting.telling.resume(first.id, "alice"))

    assert chatting.stored == first
    chatting.pass_(60)
    assert shown(await told(chatting.telling.resume(first.id, "alice")))[0] == "They eat."


async def test_a_turn_whose_bot_is_gone_stays_as_it_is() -> None:
    chatting = talker()
    first = await interrupted(chatting)
    chatting.store.bots.clear()

    with pytest.raises(NotFoundError, match="gone or no longer shared with you") as refused:
        await told(chatting.telling.resume(first.id, "alice"))

    assert (refused.value.field, chatting.stored) == ("turn_id", first)


async def test_a_request_that_is_repeated_under_its_key_is_told_the_same_turn() -> None:
    chatting = talker()

    first = await told(chatting.telling.ask(KEYED))
    again = await told(chatting.telling.ask(KEYED))

    assert (shown(again), again[-1]) == (shown(first), first[-1])
    assert (len(chatting.model.prompts), len(chatting.store.turns), chatting.tokens) == (1, 1, 100)


async def test_requests_under_one_key_at_once_make_one_turn() -> None:
    chatting = Chatting(ScriptedChatModel([f"{n} " for n in range(40)]), checkpoint=TICK)

    every = await asyncio.gather(*(told(chatting.telling.ask(KEYED)) for _ in range(5)))

    assert (len(chatting.model.prompts), len(chatting.store.turns)) == (1, 1)
    assert {shown(outputs)[0] for outputs in every} == {chatting.stored.answer}


async def test_another_request_under_a_key_is_refused_and_makes_nothing() -> None:
    chatting = talker()
    await told(chatting.telling.ask(KEYED))

    with pytest.raises(InvalidArgumentError) as refused:
        await told(chatting.telling.ask(replace(KEYED, message="And dolphins?")))

    assert (refused.value.field, len(chatting.store.turns), chatting.tokens) == ("idempotency_key", 1, 100)


async def test_a_request_that_failed_is_asked_again_under_its_key_and_a_resumed_one_is_not() -> None:
    chatting = talker()
    chatting.model.error = UnavailableError("It broke.")
    for _ in range(2):
        with pytest.raises(UnavailableError):
            await told(chatting.telling.ask(KEYED))
    chatting.model.error = None
    failed = chatting.stored
    replayed = (await told(chatting.telling.resume(failed.id, "alice")))[-1]
    outputs = await told(chatting.telling.ask(KEYED))

    assert (replayed, failed.status, failed.attempt) == (ChatResult.of(failed), TurnStatus.FAILED, 2)
    assert (shown(outputs), outputs[-1]) == (("They eat.", 0), ChatResult.of(chatting.stored))
    assert (chatting.stored.status, chatting.stored.attempt, len(chatting.store.conversations)) == (TurnStatus.DONE, 3, 1)
    assert chatting.tokens == sum(call.usage.total for call in chatting.stored.calls)


async def test_a_key_of_one_conversation_makes_no_turn_in_another() -> None:
    chatting = talker()
    first, second = [(await chatting.ask()).record.conversation_id for _ in range(2)]
    into_first = replace(ASKED, key="once", conversation_id=first, bot_id=None)
    outputs = await told(chatting.telling.ask(into_first))

    for other in (replace(into_first, conversation_id=second), KEYED):
        with pytest.raises(InvalidArgumentError) as refused:
            await told(chatting.telling.ask(other))
        assert refused.value.field == "idempotency_key"

    assert (await told(chatting.telling.ask(into_first)))[-1] == outputs[-1]
    assert (len(chatting.store.turns), chatting.tokens) == (3, 300)


async def test_a_key_is_its_callers_own() -> None:
    chatting = talker()
    chatting.store.bots["other"] = a_bot("other", "bob", agent_kind="chat", model="scripted")
    await told(chatting.telling.ask(KEYED))
    await told(chatting.telling.ask(replace(KEYED, caller_id="bob", bot_id="other")))
    assert len(chatting.store.turns) == len(chatting.store.conversations) == 2
