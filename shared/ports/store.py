"""The documents of the product, by entity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from shared.domain.account import Account
from shared.domain.base import Page, PageRequest
from shared.domain.bot import Bot, BotVersion
from shared.domain.chunk import Chunk
from shared.domain.conversation import Conversation, Message, Turn
from shared.domain.dead_letter import DeadLetter
from shared.domain.document import Document
from shared.domain.plan import FlowLimits, FlowTotals, Stock

Entity = TypeVar("Entity")


@dataclass(frozen=True)
class Versioned(Generic[Entity]):
    """An entity as read, with the store's token of that very version, for a write that must not overwrite another's."""

    value: Entity
    version: Any


class Bots(Protocol):
    """Bots and their immutable versions; a bot that is being deleted reads as missing everywhere here."""

    async def create(self, bot: Bot, limits: Stock) -> None:
        """Store the bot and its version 1, and count it in the owner's stock, in one commit.

        Over a limit the commit is undone and ResourceExhaustedError names it. Raises AlreadyExistsError on an id that another
        record has; the very same record again is stored and counted once.
        """
        ...

    async def get(self, bot_id: str, owner_id: str) -> Bot | None:
        """The owner's bot."""
        ...

    async def list(self, owner_id: str, page: PageRequest) -> Page[Bot]:
        """The owner's bots, newest first; a page may be short. Raises InvalidArgumentError (field cursor) on a cursor that is not
        ours.
        """
        ...

    async def load(self, bot_id: str, owner_id: str) -> Versioned[Bot] | None:
        """The owner's bot, for a change of it."""
        ...

    async def save(self, read: Versioned[Bot], bot: Bot, version: BotVersion) -> None:
        """Write the bot with its new version in one commit, if it is still as read, else raise ConflictError.

        Where that very version is stored by then, a try whose answer was lost has written it, and nothing is raised.
        """
        ...

    async def change(self, read: Versioned[Bot], bot: Bot) -> None:
        """As `save`, for what belongs to no version: visibility and link."""
        ...

    async def version(self, bot_id: str, number: int, owner_id: str) -> BotVersion | None:
        """One version of the owner's bot."""
        ...

    async def versions(self, bot_id: str, owner_id: str, page: PageRequest) -> Page[BotVersion]:
        """The versions of the owner's bot, newest first; none of a bot that is missing."""
        ...

    async def shared(self, bot_id: str, link: str) -> Bot | None:
        """The bot, whoever asks, if it is shared and this is the secret half of its link."""
        ...


class Documents(Protocol):
    """Documents' heads; to people, one that is being deleted reads as missing, and to all one that has expired."""

    async def create(self, document: Document, limits: Stock) -> None:
        """Store the document and count it and its bytes in the owner's stock in one commit; limits as in Bots.create."""
        ...

    async def get(self, document_id: str, owner_id: str) -> Document | None:
        """The owner's document."""
        ...

    async def list(self, owner_id: str, bot_id: str, page: PageRequest) -> Page[Document]:
        """The bot's documents but for duplicates, newest first; a page may be short."""
        ...

    async def get_many(self, document_ids: Sequence[str], owner_id: str) -> dict[str, Document]:
        """Those of the ids that are the owner's, in one round trip."""
        ...

    async def load(self, document_id: str) -> Versioned[Document] | None:
        """The document with its version, for the system."""
        ...

    async def replace(self, read: Versioned[Document], document: Document) -> None:
        """Write the document if its version is still the one read, else raise ConflictError. Overwrites the whole.

        Where the very same document is stored by then, a try whose answer was lost has written it, and nothing is raised.
        """
        ...

    async def release(self, read: Versioned[Document], document: Document) -> None:
        """As `replace`, and in the same commit take the document and its bytes out of the owner's stock."""
        ...

    async def resize(self, read: Versioned[Document], document: Document, limits: Stock) -> Versioned[Document]:
        """As `replace`, and in the same commit count the change of its bytes in the owner's stock; the new version.

        Growing over the limit is undone, and raises ResourceExhaustedError.
        """
        ...

    async def to_refresh(self, now: datetime, limit: int) -> Sequence[Document]:
        """Documents whose `refresh_at` is not after now, longest due first, for the system; as `due`."""
        ...

    async def report_retry(self, document_id: str, attempt: int, retry_at: datetime, due_at: datetime) -> None:
        """Blindly set which try of a step that failed comes next and when, and due_at, and that it moves; a no-op where the
        document is gone. Never touches the status.
        """
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[Document]:
        """Documents whose `due_at` is not after now, longest due first, for the system.

        One that cannot be read is logged and left out: it must not hold up everybody's.
        """
        ...


class Chunks(Protocol):
    """Stored chunks, to read; `VectorIndex` writes them."""

    async def get_many(self, chunk_ids: Sequence[str], owner_id: str) -> dict[str, Chunk]:
        """Those of the ids that are the owner's."""
        ...

    async def list(self, document_id: str, generation: int, owner_id: str, page: PageRequest) -> Page[Chunk]:
        """A document's chunks in reading order."""
        ...

    async def count(self, document_id: str, generation: int | None = None) -> int:
        """How many chunks are stored of a generation, null: of all, for the system."""
        ...


@dataclass(frozen=True)
class ChatContext:
    """What one batched read brings before a turn; None where absent or another's."""

    conversation: Versioned[Conversation] | None
    bot: Bot | None
    account: Account | None


@dataclass(frozen=True)
class Reserved:
    """A turn that may run: the version under which it is stored, and what its payer's windows hold now."""

    turn: Versioned[Turn]
    totals: FlowTotals


class Turns(Protocol):
    """Conversations, their turns, and what a turn costs.

    Who runs a turn writes it only over the version of its own last write. So a takeover, a wish to stop or a deletion makes the
    next write fail, and needs no read until then.
    """

    async def context(
        self, caller_id: str, conversation_id: str | None, bot_id: str | None, link: str | None = None
    ) -> ChatContext:
        """The caller's conversation, bot and account in one round trip of at most three document reads.

        With a link's secret half the bot is the one that it opens, whoever owns it. What is being deleted is absent.
        """
        ...

    async def reserve(
        self, turn: Turn, limits: FlowLimits, *, visitor: FlowLimits | None = None, over: Versioned[Turn] | None = None
    ) -> Reserved:
        """Create the turn and add its reservation to the payer's usage in one commit of two writes.

        With `visitor`, the turn is also counted in the minute of its owner, who is not its payer, and that minute is limited.
        With `over`, the turn takes the place of that one: ConflictError where it has changed, NotFoundError where it is gone.
        Over a limit all is undone, and ResourceExhaustedError names the limit and says when to come back. The very same turn
        again is counted once; an id that another turn has raises AlreadyExistsError, and so does an idempotency key (the turn's
        `receipt`, stored with it) under which another conversation has a turn.
        """
        ...

    async def replace(self, read: Versioned[Turn], turn: Turn) -> Versioned[Turn]:
        """Write the turn if its version is still the one read; the new version.

        Raises ConflictError where it has changed, NotFoundError where it is gone. Where the very same turn is stored by then, a
        try whose answer was lost has written it.
        """
        ...

    async def settle(
        self, read: Versioned[Turn], turn: Turn, head: Versioned[Conversation], path: Sequence[Message] = ()
    ) -> None:
        """Write the turn that has ended and the conversation after it, and correct the usage, in one commit of three writes.

        Where the conversation was written since it was read, it is read again, so that both changes are in it; a version of None
        says that it was not stored yet. A wish to stop that came meanwhile changes nothing. `path` as of Conversation.after.

        Raises ConflictError where another holds the turn or has settled it, or others are first again and again; NotFoundError
        where the turn is gone, or its conversation was deleted, and then the turn is forgotten.
        """
        ...

    async def forget(self, read: Versioned[Turn]) -> None:
        """Delete the turn, and where it has not ended charge what it used and give back the rest, in one commit.

        Raises ConflictError where it has changed; nothing where it is gone.
        """
        ...

    async def find(self, turn_id: str, owner_id: str) -> Versioned[Turn] | None:
        """The owner's turn by its id alone, if its conversation is not being deleted."""
        ...

    async def load(self, turn_id: str) -> Versioned[Turn] | None:
        """The turn in one read, for the system and for who was shown it before."""
        ...

    async def list(self, conversation_id: str, owner_id: str, page: PageRequest) -> Page[Turn]:
        """A conversation's turns, newest first."""
        ...

    async def abandoned(self, now: datetime, limit: int) -> Sequence[Versioned[Turn]]:
        """Running turns whose lease has ended, longest ended first, for the system; one that cannot be read is left out."""
        ...

    async def head(self, conversation_id: str, owner_id: str) -> Versioned[Conversation] | None:
        """The owner's conversation with its version; one that is being deleted too, for the caller to leave alone."""
        ...

    async def rewrite(self, read: Versioned[Conversation], conversation: Conversation) -> None:
        """Write the conversation's head if it is still as read, else raise ConflictError; a version of None creates it."""
        ...

    async def conversations(self, owner_id: str, page: PageRequest) -> Page[Conversation]:
        """The owner's conversations, last used first; a page may be short."""
        ...


class DeadLetters(Protocol):
    """Messages that no delivery could finish."""

    async def record(self, letter: DeadLetter) -> bool:
        """Store it; False where it was recorded before."""
        ...

    async def get(self, letter_id: str) -> DeadLetter | None:
        """The letter, for the system."""
        ...

    async def list(self, page: PageRequest, topic: str | None = None) -> Page[DeadLetter]:
        """Letters newest first, of one topic or of all. Raises InvalidArgumentError (field cursor) on another's cursor."""
        ...

    async def mark_replayed(self, letter_id: str, at: datetime) -> None:
        """Note when it was published again; a no-op where it is gone."""
        ...
