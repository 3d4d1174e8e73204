"""A shared bot answers whoever holds its link, at its owner's expense; its owner alone chooses versions, models and keys."""

from dataclasses import replace

import pytest

from shared.core.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError
from shared.domain.account import Account
from shared.domain.bot import OPENS_NOTHING, Bot, BotVersion, Visibility
from shared.services.scenes import Wanted
from tests.memory.chat_models import ScriptedChatModel
from tests.unit.agent.library import a_bot
from tests.unit.services.chatting import ASKED, Chatting

VISIT = Wanted(caller_id="bob", message="what do whales eat", link="bot.secret")


def shared(**changes: object) -> Chatting:
    chatting = Chatting()
    bot = chatting.store.bots["bot"]
    chatting.store.bots["bot"] = bot.model_copy(update={"visibility": Visibility.LINK, "link": "secret", **changes})
    return chatting


async def test_a_visitor_owns_the_conversation_and_the_owner_pays() -> None:
    chatting = shared()
    turn = (await chatting.ask(VISIT)).record
    [conversation] = chatting.store.conversations.values()
    assert (turn.owner_id, turn.bot_owner_id, conversation.owner_id, conversation.link) == ("bob", "alice", "bob", "secret")
    assert chatting.tokens == turn.used_tokens
    assert {window for owner, window in chatting.store.flow if owner == "bob"} == {"turns 2026-11-22 10:00"}


async def test_a_visitor_goes_on_while_the_bot_is_shared_by_that_very_link() -> None:
    chatting = shared()
    first = (await chatting.ask(VISIT)).record
    again = replace(VISIT, link=None, conversation_id=first.conversation_id)
    assert (await chatting.ask(again)).record.parent_turn_id == first.id
    assert (await chatting.ask(replace(again, link=VISIT.link))).record.bot_id == "bot"
    assert (await chatting.ask(replace(again, bot_id="bot"))).record.bot_id == "bot"


@pytest.mark.parametrize(
    "change", [{"visibility": Visibility.PRIVATE}, {"link": "renewed"}, {"deleted_at": ASKED.signed_in_at}, None]
)
async def test_once_it_is_shared_no_more_the_conversation_says_so_and_the_link_opens_nothing(
    change: dict[str, object] | None,
) -> None:
    chatting = shared()
    first = (await chatting.ask(VISIT)).record
    bot = chatting.store.bots.pop("bot")
    if change is not None:
        gone = {**change, "deleted_at": bot.created_at} if "deleted_at" in change else change
        chatting.store.bots["bot"] = bot.model_copy(update=gone)
    again = replace(VISIT, conversation_id=first.conversation_id)
    with pytest.raises(NotFoundError, match="gone or no longer shared with you") as refused:
        await chatting.ask(replace(again, link=None))
    assert refused.value.field == "conversation_id"
    for named in (VISIT, again):
        with pytest.raises(NotFoundError, match="opens nothing") as refused:
            await chatting.ask(named)
        assert refused.value.field == "link"


@pytest.mark.parametrize("link", ["bot.other", "none.secret", "bot", "bot.", ".secret", "", "a/b.secret", "bot.secret.x"])
async def test_a_wrong_link_opens_nothing(link: str) -> None:
    with pytest.raises(NotFoundError) as refused:
        await shared().chats.begin(replace(VISIT, link=link))
    assert (refused.value.message, refused.value.field) == (OPENS_NOTHING, "link")


async def test_a_private_bot_is_not_opened_by_its_link() -> None:
    with pytest.raises(NotFoundError, match="opens nothing"):
        await shared(visibility=Visibility.PRIVATE).chats.begin(VISIT)


async def test_a_visitor_cannot_name_the_bot_itself() -> None:
    with pytest.raises(NotFoundError, match="no such bot"):
        await shared().chats.begin(replace(VISIT, link=None, bot_id="bot"))


async def test_a_link_stands_in_place_of_the_bots_id() -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        await shared().chats.begin(replace(VISIT, bot_id="bot", conversation_id="c"))
    assert refused.value.field == "link"


async def test_an_own_conversation_does_not_become_a_visit() -> None:
    chatting = shared()
    own = (await chatting.ask()).record
    with pytest.raises(InvalidArgumentError) as refused:
        await chatting.chats.begin(replace(ASKED, bot_id=None, link="bot.secret", conversation_id=own.conversation_id))
    assert refused.value.field == "link"


async def test_a_visitor_is_limited_by_the_minute_and_the_owner_by_the_plan() -> None:
    chatting = shared()
    chatting.store.flow["bob", "turns 2026-11-22 10:00"] = 20
    with pytest.raises(ResourceExhaustedError, match="turns a minute"):
        await chatting.ask(VISIT)
    chatting.store.flow["alice", "tokens 2026-11"] = 10**9
    with pytest.raises(ResourceExhaustedError, match="tokens a month"):
        await chatting.ask(replace(VISIT, caller_id="carol"))
    assert chatting.store.turns == {}


async def test_a_suspended_owners_bot_reads_as_missing_to_visitors() -> None:
    chatting = shared()
    chatting.store.accounts["alice"] = Account(id="alice", suspended=True)
    with pytest.raises(NotFoundError, match="opens nothing"):
        await chatting.chats.begin(VISIT)


async def test_an_owner_who_comes_by_the_link_is_no_visitor() -> None:
    chatting = shared()
    await chatting.ask(replace(VISIT, caller_id="alice"))
    assert chatting.store.flow["alice", "turns 2026-11-22 10:00"] == 1


def versioned(chatting: Chatting) -> Bot:
    """The bot at version 2; the first one had other instructions."""
    first = a_bot(agent_kind="chat", model="scripted", instructions="Be brief.")
    chatting.store.bot_versions["bot", 1] = BotVersion.of(first)
    draft = first.configuration.model_copy(update={"instructions": "Be long."})
    chatting.store.bots["bot"] = chatting.store.bots["bot"].model_copy(update={"version": 2, "configuration": draft})
    return chatting.store.bots["bot"]


async def test_an_owner_may_talk_to_an_earlier_version() -> None:
    chatting = shared()
    versioned(chatting)
    turn = (await chatting.ask(replace(ASKED, version=1))).record
    assert (turn.bot_version, "Be brief." in chatting.model.prompts[0].system) == (1, True)
    follow = replace(ASKED, bot_id=None, conversation_id=turn.conversation_id)
    assert (await chatting.ask(follow)).record.bot_version == 2
    assert (await chatting.ask(replace(follow, version=2))).record.bot_version == 2


async def test_a_version_that_does_not_exist_is_named() -> None:
    with pytest.raises(NotFoundError) as refused:
        await Chatting().chats.begin(replace(ASKED, version=7))
    assert refused.value.field == "version"


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [(VISIT, "a bot's owner"), (Wanted(caller_id="alice", message="Why?", persona_id="tutor"), "Only a bot has versions")],
)
async def test_only_an_owner_chooses_a_version_and_a_persona_has_none(wanted: Wanted, sentence: str) -> None:
    with pytest.raises(InvalidArgumentError, match=sentence) as refused:
        await shared().chats.begin(replace(wanted, version=1))
    assert refused.value.field == "version"


async def test_a_bots_own_model_is_asked_with_its_owners_key_whoever_talks_to_it() -> None:
    chatting = shared()
    chatting.own_models.model = ScriptedChatModel(["From my own provider."], name="llama")
    draft = {"own_model": {"key_id": "key", "model": "llama"}}
    chatting.store.bots["bot"] = chatting.store.bots["bot"].model_copy(
        update={"configuration": a_bot(agent_kind="chat", **draft).configuration}
    )
    turn = (await chatting.ask(VISIT)).record
    assert (turn.model, turn.answer, chatting.model.prompts) == ("llama", "From my own provider.", [])
    assert chatting.own_models.asked == [("key", "alice", "llama")]
