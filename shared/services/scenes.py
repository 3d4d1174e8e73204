"""Who talks to whom, settled before a turn costs anything: the conversation, its bot or persona, who pays, and what was said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.core.clock import Clock
from shared.core.errors import InvalidArgumentError, NotFoundError
from shared.core.ids import derived_id, digest, new_id
from shared.domain.account import Account, admit
from shared.domain.bot import OPENS_NOTHING, Bot, read_link
from shared.domain.conversation import Conversation, Message, Turn
from shared.domain.plan import FlowLimits, Plan, plan_of
from shared.ports.identity import Accounts
from shared.ports.store import Bots, Turns, Versioned
from shared.services.abandoned import revived_conversation
from shared.services.paths import path_to, title_of

ROOT = "root"
"""The parent of a new first turn, named where a turn's id may stand."""
_BOT_GONE = "The bot of this conversation is gone or no longer shared with you; begin a new one."


@dataclass(frozen=True)
class Wanted:
    """What a caller names; a conversation fixes its bot or persona. `key` is the call's idempotency key."""

    caller_id: str
    message: str
    conversation_id: str | None = None
    bot_id: str | None = None
    persona_id: str | None = None
    link: str | None = None
    version: int | None = None
    parent_turn_id: str | None = None
    signed_in_at: datetime | None = None
    key: str | None = None

    @property
    def fingerprint(self) -> str | None:
        """A digest of the request, where it came under a key."""
        named = (self.conversation_id, self.bot_id, self.persona_id, self.link, self.version, self.parent_turn_id)
        return digest(self.message, *map(str, named)) if self.key else None

    def new_id(self, kind: str) -> str:
        """A random id, or under a key the same one again."""
        return derived_id(kind, self.caller_id, self.key) if self.key else new_id()


@dataclass(frozen=True)
class Scene:
    """The conversation, stored or new, who answers in it and who pays.

    `visitor` are the limits of a caller who is not the payer; `path` is what was said before, up to the turn's parent.
    """

    read: Versioned[Conversation]
    bot: Bot | None
    plan: Plan
    visitor: FlowLimits | None = None
    path: tuple[Message, ...] = ()
    parent_turn_id: str | None = None
    is_branch: bool = False

    @property
    def conversation(self) -> Conversation:
        """As it was read."""
        return self.read.value


@dataclass(frozen=True)
class Scenes:
    """Sets the scene of a turn."""

    turns: Turns
    bots: Bots
    accounts: Accounts
    clock: Clock

    async def of_new(self, wanted: Wanted) -> Scene:
        """The scene of a new turn, in at most three document reads where the caller pays and goes on from the last turn.

        Raises InvalidArgumentError or NotFoundError naming the field, and what `admit` raises.
        """
        _check_one_named(wanted)
        bot_id, secret = _opened(wanted)
        context = await self.turns.context(wanted.caller_id, wanted.conversation_id, bot_id, secret)
        # Before the answer can differ by what the caller named: a suspended account learns nothing of what exists.
        admit(context.account, wanted.signed_in_at)
        read = context.conversation or await self._without_head(wanted, bot_id, secret)
        _check_same({"bot_id": bot_id, "persona_id": wanted.persona_id, "link": secret}, read.value)
        # From here on the conversation is the caller's own, so a sentence about its bot tells nobody of another's.
        gone = _gone(wanted)
        bot = context.bot or await self._bot_of(read.value, gone, is_read=bot_id is not None)
        bot = await self._at_version(bot, wanted)
        plan, visitor = await self._payer(bot, wanted.caller_id, context.account, gone)
        parent, is_branch, path = await self._place(wanted, read.value)
        return Scene(read, bot, plan, visitor, path, parent, is_branch)

    async def of_taken(self, turn: Turn) -> Scene:
        """The scene of a turn that is to be asked again, at the version of its bot that it had.

        Raises NotFoundError naming what is gone.
        """
        context = await self.turns.context(turn.owner_id, turn.conversation_id, turn.bot_id, turn.link)
        if context.conversation is None:
            raise NotFoundError("There is no such turn.", field="turn_id")
        gone = NotFoundError(_BOT_GONE, field="turn_id")
        if turn.bot_id and context.bot is None:
            raise gone
        bot = await self._versioned(context.bot, turn.bot_version)
        plan, visitor = await self._payer(bot, turn.owner_id, context.account, gone)
        path = await path_to(self.turns, context.conversation.value, turn.parent_turn_id)
        return Scene(context.conversation, bot, plan, visitor, path or (), turn.parent_turn_id, turn.is_branch)

    async def _without_head(self, wanted: Wanted, bot_id: str | None, secret: str | None) -> Versioned[Conversation]:
        """A new conversation, or one whose first turn is not settled yet."""
        now = self.clock()
        if wanted.conversation_id is None:
            begun = Conversation(
                id=wanted.new_id("conversation"),
                owner_id=wanted.caller_id,
                bot_id=bot_id,
                persona_id=wanted.persona_id,
                link=secret,
                title=title_of(wanted.message),
                created_at=now,
                updated_at=now,
            )
            return Versioned(begun, None)
        found = await revived_conversation(self.turns, wanted.conversation_id, wanted.caller_id, now)
        if found is None:
            raise NotFoundError("There is no such conversation.", field="conversation_id")
        return found

    async def _bot_of(self, conversation: Conversation, gone: NotFoundError, *, is_read: bool) -> Bot | None:
        """The one read that the batch could not hold: only the conversation knew which bot it is, or by which link."""
        if conversation.bot_id is None:
            return None
        if conversation.link:
            bot = await self.bots.shared(conversation.bot_id, conversation.link)
        else:
            bot = None if is_read else await self.bots.get(conversation.bot_id, conversation.owner_id)
        if bot is None:
            raise gone
        return bot

    async def _at_version(self, bot: Bot | None, wanted: Wanted) -> Bot | None:
        if wanted.version is None:
            return bot
        if bot is None:
            raise InvalidArgumentError("Only a bot has versions.", field="version")
        if bot.owner_id != wanted.caller_id:
            raise InvalidArgumentError("Only a bot's owner may choose its version.", field="version")
        return await self._versioned(bot, wanted.version)

    async def _versioned(self, bot: Bot | None, number: int | None) -> Bot | None:
        if bot is None or number is None or number == bot.version:
            return bot
        version = await self.bots.version(bot.id, number, bot.owner_id)
        if version is None:
            raise NotFoundError("The bot has no such version.", field="version")
        return bot.model_copy(update={"version": number, "configuration": version.configuration})

    async def _payer(
        self, bot: Bot | None, caller_id: str, account: Account | None, gone: NotFoundError
    ) -> tuple[Plan, FlowLimits | None]:
        """The plan of who pays, and the limits of a visitor."""
        own = plan_of(account)
        if bot is None or bot.owner_id == caller_id:
            return own, None
        owner = await self.accounts.get(bot.owner_id)
        # Who may not act may not pay either; a visitor learns no more of it than of a bot that is gone.
        if owner and owner.suspended:
            raise gone
        return plan_of(owner), own.flow

    async def _place(self, wanted: Wanted, conversation: Conversation) -> tuple[str | None, bool, tuple[Message, ...]]:
        """The turn's parent, whether it was chosen, and what was said up to it."""
        named = wanted.parent_turn_id
        if named is None:
            return conversation.active_turn_id, False, conversation.tail
        if wanted.conversation_id is None:
            raise InvalidArgumentError("A new conversation has no turn to go on from.", field="parent_turn_id")
        parent = None if named == ROOT else named
        path = await path_to(self.turns, conversation, parent)
        if path is None:
            raise NotFoundError("The conversation has no such turn.", field="parent_turn_id")
        return parent, True, path


def _check_one_named(wanted: Wanted) -> None:
    named = [one for one in (wanted.bot_id, wanted.persona_id, wanted.link) if one is not None]
    if wanted.conversation_id is None and len(named) != 1:
        message = "Name exactly one of bot_id, persona_id and link, or a conversation_id."
        raise InvalidArgumentError(message, field="bot_id")
    if wanted.bot_id is not None and wanted.link is not None:
        raise InvalidArgumentError("A link names its bot already; leave bot_id out.", field="link")


def _opened(wanted: Wanted) -> tuple[str | None, str | None]:
    """The bot that is named, and the secret half of its link where it is named by one."""
    if wanted.link is None:
        return wanted.bot_id, None
    read = read_link(wanted.link)
    if read is None:
        raise _gone(wanted)
    return read


def _check_same(named: Mapping[str, str | None], conversation: Conversation) -> None:
    for field, value in named.items():
        if value is not None and value != getattr(conversation, field):
            raise InvalidArgumentError(f"The conversation has another {field}; begin a new one to change it.", field=field)


def _gone(wanted: Wanted) -> NotFoundError:
    """The refusal of a bot that does not answer, in the words of what the caller named it by."""
    if wanted.link is not None:
        return NotFoundError(OPENS_NOTHING, field="link")
    if wanted.conversation_id is not None:
        return NotFoundError(_BOT_GONE, field="conversation_id")
    return NotFoundError("There is no such bot.", field="bot_id")
