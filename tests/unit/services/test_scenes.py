"""Who may talk to whom."""

from datetime import timedelta

import pytest

from shared.core.errors import InvalidArgumentError, NotFoundError, PermissionDeniedError, SynapseError
from shared.domain.account import Account
from shared.domain.conversation import Conversation, Role, TurnStatus
from shared.domain.personas import PERSONAS
from shared.domain.plan import FREE
from shared.services.abandoned import find_conversation
from shared.services.paths import title_of
from shared.services.scenes import Wanted
from tests.memory.chat_models import ScriptedChatModel
from tests.unit.agent.library import a_bot
from tests.unit.services.chatting import ASKED, NOW, Chatting


def wanted(**fields: str | None) -> Wanted:
    return Wanted(**{"caller_id": "alice", "message": "Why?", **fields})


def a_conversation(**fields: str) -> Conversation:
    return Conversation.model_validate(
        {"id": "talk", "owner_id": "alice", "title": "T", "created_at": NOW, "updated_at": NOW, "bot_id": "bot", **fields}
    )


@pytest.mark.parametrize("fields", [{}, {"bot_id": "bot", "persona_id": "tutor"}])
async def test_a_new_conversation_needs_exactly_one_of_bot_and_persona(fields: dict[str, str]) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        await Chatting().chats.begin(wanted(**fields))
    assert refused.value.field == "bot_id"


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"bot_id": "none"}, "bot_id"), ({"persona_id": "none"}, "persona_id"), ({"conversation_id": "none"}, "conversation_id")],
)
async def test_what_does_not_exist_is_named(fields: dict[str, str], field: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        await Chatting().chats.begin(wanted(**fields))
    assert refused.value.field == field


@pytest.mark.parametrize("fields", [{"bot_id": "bot"}, {"conversation_id": "talk"}, {"conversation_id": "talk", "bot_id": "bot"}])
async def test_anothers_bot_or_conversation_reads_as_a_missing_one(fields: dict[str, str]) -> None:
    chatting, missing = Chatting(), Chatting()
    chatting.store.conversations["talk"] = a_conversation()
    missing.store.bots.clear()
    refusals = []
    for one in (chatting, missing):
        with pytest.raises(SynapseError) as refused:
            await one.chats.begin(wanted(caller_id="bob", **fields))
        refusals.append((refused.value.code, refused.value.message, refused.value.field))
    assert refusals[0] == refusals[1]


async def test_a_conversation_fixes_its_bot() -> None:
    chatting = Chatting()
    chatting.store.conversations["talk"] = a_conversation()
    turn = await chatting.chats.begin(wanted(conversation_id="talk"))
    assert (turn.record.conversation_id, turn.record.bot_id) == ("talk", "bot")
    for other in ({"bot_id": "other"}, {"persona_id": "tutor"}):
        with pytest.raises(InvalidArgumentError):
            await chatting.chats.begin(wanted(conversation_id="talk", **other))


@pytest.mark.parametrize("named", [{}, {"bot_id": "bot"}])
async def test_a_conversation_whose_bot_is_gone_says_so(named: dict[str, str]) -> None:
    chatting = Chatting()
    chatting.store.conversations["talk"] = a_conversation()
    del chatting.store.bots["bot"]
    with pytest.raises(NotFoundError, match="gone or no longer shared with you") as refused:
        await chatting.chats.begin(wanted(conversation_id="talk", **named))
    assert refused.value.field == "conversation_id"


async def test_anothers_conversation_whose_bot_is_gone_reads_as_a_missing_one() -> None:
    chatting = Chatting()
    chatting.store.conversations["talk"] = a_conversation()
    del chatting.store.bots["bot"]
    with pytest.raises(NotFoundError, match="no such conversation") as refused:
        await chatting.chats.begin(wanted(caller_id="bob", conversation_id="talk"))
    assert refused.value.field == "conversation_id"


async def test_a_suspended_account_may_not_chat() -> None:
    chatting = Chatting()
    chatting.store.accounts["alice"] = Account(id="alice", suspended=True)
    with pytest.raises(PermissionDeniedError):
        await chatting.chats.begin(ASKED)


async def test_a_persona_alone_speaks_with_its_instructions_and_searches_nothing() -> None:
    chatting = Chatting()
    turn = await chatting.ask(wanted(persona_id="tutor"))
    assert PERSONAS["tutor"].instructions in chatting.model.prompts[0].system
    assert (turn.record.persona_id, turn.record.bot_id, turn.record.bot_owner_id) == ("tutor", None, "alice")


async def test_a_bots_persona_stands_before_its_own_instructions() -> None:
    chatting = Chatting()
    chatting.store.bots["bot"] = a_bot(agent_kind="chat", model="scripted", persona_id="translator", instructions="Call me Ada.")
    await chatting.ask()
    system = chatting.model.prompts[0].system
    assert system.index(PERSONAS["translator"].instructions) < system.index("Call me Ada.")


async def test_a_bot_without_a_model_takes_the_environments() -> None:
    chatting = Chatting(ScriptedChatModel(["Hello."], name="default"))
    chatting.store.bots["bot"] = a_bot(agent_kind="chat")
    assert (await chatting.ask()).record.model == "default"


async def test_a_model_that_the_registry_no_longer_has_is_named() -> None:
    chatting = Chatting()
    chatting.store.bots["bot"] = a_bot(agent_kind="chat", model="retired")
    with pytest.raises(InvalidArgumentError, match="retired"):
        await chatting.chats.begin(ASKED)


async def test_a_first_turn_that_was_never_settled_stands_for_its_conversation() -> None:
    chatting = Chatting(ScriptedChatModel(["They eat krill."]))
    crashed = await chatting.chats.begin(ASKED)
    left = crashed.record.model_copy(update={"answer": "They", "lease_until": NOW - timedelta(seconds=1)})
    await chatting.turns.reserve(left, FREE.flow)
    conversation_id = crashed.record.conversation_id
    found = await find_conversation(chatting.turns, conversation_id, "alice", NOW)
    assert found is not None
    shown = found.value
    assert (shown.title, shown.bot_id, [said.text for said in shown.tail]) == (ASKED.message, "bot", [ASKED.message, "They"])
    assert await find_conversation(chatting.turns, conversation_id, "bob", NOW) is None
    turn = await chatting.ask(wanted(conversation_id=conversation_id))
    assert turn.record.status is TurnStatus.DONE
    assert [message.text for message in chatting.model.prompts[0].history] == [ASKED.message, "They"]


async def test_a_second_turn_that_ends_before_the_first_stands_once_beside_it() -> None:
    chatting = Chatting()
    first = await chatting.chats.begin(ASKED)
    async with first:
        assert [event async for event in first.events(chatting.knowledge)]
        conversation_id = first.record.conversation_id
        await chatting.ask(wanted(conversation_id=conversation_id))
    [conversation] = chatting.store.conversations.values()
    assert [said.text for said in conversation.tail if said.role is Role.USER] == ["Why?", ASKED.message]
    assert conversation.turns == 2


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("What is\n  this?", "What is this?"),
        ("word " * 30, "word word word word word word word word word word word word\u2026"),
        ("x" * 100, "x" * 60 + "\u2026"),
    ],
)
def test_a_title_is_one_line_cut_between_words(question: str, title: str) -> None:
    assert title_of(question) == title


def test_there_are_at_least_eight_personas_of_substance() -> None:
    assert len(PERSONAS) >= 8
    assert all(len(persona.instructions) > 400 and persona.description for persona in PERSONAS.values())
