"""Who talks to whom, settled before a turn costs anything: the conversation, its bot or persona, and the caller's plan."""

from dataclasses import dataclass
from datetime import datetime

from shared.core.errors import InvalidArgumentError, NotFoundError
from shared.core.ids import new_id
from shared.domain.account import admit
from shared.domain.base import PageRequest
from shared.domain.bot import Bot
from shared.domain.conversation import Conversation, TurnStatus
from shared.domain.personas import PERSONAS
from shared.domain.plan import Plan, plan_of
from shared.ports.store import Bots, Turns, Versioned

_TITLE_CHARACTERS = 60


@dataclass(frozen=True)
class Wanted:
    """What a caller names; a conversation fixes its bot or persona."""

    caller_id: str
    message: str
    conversation_id: str | None = None
    bot_id: str | None = None
    persona_id: str | None = None
    signed_in_at: datetime | None = None


@dataclass(frozen=True)
class Scene:
    """The conversation, stored or new, and who answers in it."""

    read: Versioned[Conversation]
    bot: Bot | None
    plan: Plan

    @property
    def conversation(self) -> Conversation:
        """As it was read."""
        return self.read.value


async def set_scene(wanted: Wanted, turns: Turns, bots: Bots, now: datetime) -> Scene:
    """The scene, in at most three document reads where the conversation's head is stored.

    Raises InvalidArgumentError or NotFoundError naming the field, PermissionDeniedError for a suspended account.
    """
    if wanted.conversation_id is None and (wanted.bot_id is None) == (wanted.persona_id is None):
        raise InvalidArgumentError("Name exactly one of bot_id and persona_id, or a conversation_id.", field="bot_id")
    context = await turns.context(wanted.caller_id, wanted.conversation_id, wanted.bot_id)
    # Before the answer can differ by what the caller named: a suspended account learns nothing of what exists.
    admit(context.account, wanted.signed_in_at)
    read = context.conversation or Versioned(await _begun(wanted, turns, now), None)
    conversation = read.value
    _check_same(wanted, conversation)
    bot = context.bot
    if bot is None and conversation.bot_id:
        # The one read that the batch could not hold: only the conversation knew which bot it is.
        bot = await bots.get(conversation.bot_id, wanted.caller_id) if wanted.bot_id is None else None
        if bot is None:
            raise NotFoundError("There is no such bot.", field="bot_id")
    if conversation.persona_id and conversation.persona_id not in PERSONAS:
        raise NotFoundError("There is no such persona.", field="persona_id")
    return Scene(read, bot, plan_of(context.account))


async def find_conversation(turns: Turns, conversation_id: str, owner_id: str, now: datetime) -> Conversation | None:
    """The owner's conversation; where its first turn is not settled, or never will be, that turn stands for its head."""
    return await turns.conversation(conversation_id, owner_id) or await _headless(turns, conversation_id, owner_id, now)


def title_of(question: str) -> str:
    """A conversation's title from its first question: one line, cut between words."""
    line = " ".join(question.split())
    if len(line) <= _TITLE_CHARACTERS:
        return line
    cut = line[:_TITLE_CHARACTERS]
    return (cut.rsplit(" ", 1)[0] if " " in cut[_TITLE_CHARACTERS // 2 :] else cut) + "…"


async def _begun(wanted: Wanted, turns: Turns, now: datetime) -> Conversation:
    if wanted.conversation_id is None:
        return Conversation(
            id=new_id(),
            owner_id=wanted.caller_id,
            bot_id=wanted.bot_id,
            persona_id=wanted.persona_id,
            title=title_of(wanted.message),
            created_at=now,
            updated_at=now,
        )
    found = await _headless(turns, wanted.conversation_id, wanted.caller_id, now)
    if found is None:
        raise NotFoundError("There is no such conversation.", field="conversation_id")
    return found


async def _headless(turns: Turns, conversation_id: str, owner_id: str, now: datetime) -> Conversation | None:
    """A head is written when a turn is settled, to keep a turn within five writes; a crash in the first turn leaves none."""
    # Turns lie under an id that anybody may name, so the query asks for the owner's own.
    page = await turns.list(conversation_id, owner_id, PageRequest(page_size=1))
    if not page.items:
        return None
    [turn] = page.items
    head = Conversation(
        id=conversation_id,
        owner_id=owner_id,
        bot_id=turn.bot_id,
        persona_id=None if turn.bot_id else turn.persona_id,
        title=title_of(turn.question),
        created_at=turn.created_at,
        updated_at=turn.updated_at,
    )
    # A turn that still runs adds itself when it is settled; here its answer so far would stand twice.
    is_running = turn.seen_at(now).status is TurnStatus.RUNNING
    return head if is_running or not turn.answer else head.after(turn)


def _check_same(wanted: Wanted, conversation: Conversation) -> None:
    for field in ("bot_id", "persona_id"):
        named = getattr(wanted, field)
        if named is not None and named != getattr(conversation, field):
            raise InvalidArgumentError(f"The conversation has another {field}; begin a new one to change it.", field=field)
