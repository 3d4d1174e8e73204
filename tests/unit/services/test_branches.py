"""Regenerated and edited messages are branches; all of them stay, and the next message goes on from the last one."""

import asyncio
from dataclasses import replace

import pytest

from shared.core.errors import InvalidArgumentError, NotFoundError
from shared.domain.conversation import TAIL_MESSAGES, Conversation, Turn, TurnStatus
from shared.services.scenes import ROOT
from tests.memory.chat_models import ScriptedChatModel
from tests.unit.services.chatting import ASKED, Chatting


class Talk:
    """A conversation whose answers repeat the question in capitals."""

    def __init__(self) -> None:
        self.chatting = Chatting(ScriptedChatModel(lambda prompt: [prompt.question.upper()]))
        self.id: str | None = None

    async def say(self, message: str, parent: str | None = None) -> Turn:
        bot_id = "bot" if self.id is None else None
        wanted = replace(ASKED, message=message, bot_id=bot_id, conversation_id=self.id, parent_turn_id=parent)
        turn = (await self.chatting.ask(wanted)).record
        self.chatting.pass_(10)
        self.id = turn.conversation_id
        return turn

    @property
    def head(self) -> Conversation:
        [conversation] = self.chatting.store.conversations.values()
        return conversation

    @property
    def tail(self) -> str:
        return " ".join(message.text for message in self.head.tail)

    @property
    def history(self) -> str:
        """What the model was last told of what was said before."""
        return " ".join(message.text for message in self.chatting.model.prompts[-1].history)


async def test_a_turn_goes_on_from_the_one_before() -> None:
    talk = Talk()
    first = await talk.say("a")
    second = await talk.say("b")
    assert (first.parent_turn_id, second.parent_turn_id, second.is_branch) == (None, first.id, False)
    assert (talk.history, talk.head.active_turn_id) == ("a A", second.id)


async def test_an_edited_message_branches_off_and_the_next_one_follows_it() -> None:
    talk = Talk()
    first = await talk.say("a")
    left = await talk.say("b")
    edited = await talk.say("c", first.id)
    assert (talk.history, edited.parent_turn_id) == ("a A", first.id)
    assert (talk.tail, talk.head.active_turn_id, talk.head.turns) == ("a A c C", edited.id, 3)
    await talk.say("d")
    assert talk.history == "a A c C"
    assert left.id in {turn_id for _, turn_id in talk.chatting.store.turns}


async def test_a_branch_that_was_left_can_be_gone_on_from() -> None:
    talk = Talk()
    first = await talk.say("a")
    left = await talk.say("b")
    await talk.say("c", first.id)
    await talk.say("d", left.id)
    assert (talk.history, talk.tail) == ("a A b B", "a A b B d D")


async def test_a_new_first_message_begins_without_a_history() -> None:
    talk = Talk()
    await talk.say("a")
    again = await talk.say("b", ROOT)
    assert (talk.history, again.parent_turn_id, talk.tail) == ("", None, "b B")


async def test_a_parent_from_before_the_tail_is_walked_to_in_bounded_reads() -> None:
    talk = Talk()
    turns = [await talk.say(f"m{number}") for number in range(2 * TAIL_MESSAGES)]
    await talk.say("x", turns[10].id)
    expected = " ".join(f"m{number} M{number}" for number in range(5, 11))
    assert (talk.history, talk.tail) == (expected, f"{expected} x X"[len("m5 M5 ") :])


@pytest.mark.parametrize("parent", ["none", "other-turn", "a/b"])
async def test_a_parent_that_is_no_turn_of_the_conversation_is_named(parent: str) -> None:
    talk = Talk()
    await talk.say("a")
    with pytest.raises(NotFoundError) as refused:
        await talk.say("b", parent)
    assert refused.value.field == "parent_turn_id"


async def test_another_conversations_turn_and_anothers_read_as_a_missing_one() -> None:
    talk, other = Talk(), Talk()
    other.chatting = talk.chatting
    foreign = await other.say("a")
    await talk.say("a")
    stranger = foreign.model_copy(update={"id": f"{talk.id}-foreign", "conversation_id": talk.id, "owner_id": "bob"})
    talk.chatting.store.turns[stranger.conversation_id, stranger.id] = stranger
    for parent in (foreign.id, stranger.id):
        with pytest.raises(NotFoundError, match="no such turn") as refused:
            await talk.say("b", parent)
        assert refused.value.field == "parent_turn_id"


@pytest.mark.parametrize("parent", [ROOT, "c-turn"])
async def test_a_new_conversation_has_no_parent(parent: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        await Talk().say("a", parent)
    assert refused.value.field == "parent_turn_id"


async def test_turns_that_were_asked_at_once_are_siblings_and_both_are_remembered() -> None:
    talk = Talk()
    first = await talk.say("a")
    turns = await asyncio.gather(talk.say("b"), talk.say("c"))
    assert {turn.parent_turn_id for turn in turns} == {first.id}
    assert sorted(talk.tail.split()) == ["A", "B", "C", "a", "b", "c"]
    assert talk.head.turns == 3


async def test_an_interrupted_branch_is_settled_and_asked_again_on_its_own_path() -> None:
    talk = Talk()
    turns = [await talk.say(f"m{number}") for number in range(2 * TAIL_MESSAGES)]
    branch = await talk.say("x", turns[1].id)
    store = talk.chatting.store
    broken = branch.model_copy(update={"status": TurnStatus.INTERRUPTED})
    store.turns[branch.conversation_id, branch.id] = broken
    await talk.say("y", turns[0].id)

    outputs = [output async for output in talk.chatting.telling.resume(branch.id, "alice")]

    assert outputs
    assert talk.history == "m0 M0 m1 M1"
    assert (talk.tail, talk.head.turns) == ("m0 M0 y Y", 2 * TAIL_MESSAGES + 2)
