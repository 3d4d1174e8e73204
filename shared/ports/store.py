"""The documents of the product, by entity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from shared.domain.account import Account
from shared.domain.base import Page, PageRequest
from shared.domain.bot import Bot
from shared.domain.chunk import Chunk
from shared.domain.conversation import Conversation, Turn
from shared.domain.dead_letter import DeadLetter
from shared.domain.document import Document, Stage
from shared.domain.plan import FlowLimits, FlowTotals, Reservation, Stock

Entity = TypeVar("Entity")


@dataclass(frozen=True)
class Versioned(Generic[Entity]):
    """An entity as read, with the store's token of that very version, for a write that must not overwrite another's."""

    value: Entity
    version: Any


class Bots(Protocol):
    """Bots and their immutable versions."""

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
        """The owner's bots, newest first. Raises InvalidArgumentError (field cursor) on a cursor that is not ours."""
        ...


class Documents(Protocol):
    """Documents' heads."""

    async def create(self, document: Document, limits: Stock) -> None:
        """Store the document and count it and its bytes in the owner's stock in one commit; limits as in Bots.create."""
        ...

    async def get(self, document_id: str, owner_id: str) -> Document | None:
        """The owner's document."""
        ...

    async def list(self, owner_id: str, bot_id: str, page: PageRequest) -> Page[Document]:
        """The bot's documents, newest first."""
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

    async def report(self, document_id: str, stage: Stage, done: int, due_at: datetime) -> None:
        """Blindly set progress[stage].done and due_at; a no-op where the document is gone. Never touches the status."""
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

    async def count(self, document_id: str, generation: int) -> int:
        """How many chunks are stored of a generation, for the system."""
        ...


@dataclass(frozen=True)
class ChatContext:
    """What one batched read brings before a turn; None where absent or another's."""

    conversation: Versioned[Conversation] | None
    bot: Bot | None
    account: Account | None


class Turns(Protocol):
    """Conversations, their turns, and what a turn costs."""

    async def context(self, caller_id: str, conversation_id: str | None, bot_id: str | None) -> ChatContext:
        """The caller's conversation, bot and account in one round trip of at most three document reads."""
        ...

    async def reserve(self, turn: Turn, reservation: Reservation, limits: FlowLimits) -> FlowTotals:
        """Create the turn and add the reservation to the payer's usage in one commit of two writes.

        Over a limit both are undone, and ResourceExhaustedError names the limit and says when to come back. The very same turn
        again is counted once; an id that another turn has raises AlreadyExistsError.
        """
        ...

    async def checkpoint(self, conversation_id: str, turn_id: str, answer: str, lease_until: datetime) -> None:
        """Save the answer so far and prolong the turn's lease."""
        ...

    async def settle(self, turn: Turn, read: Versioned[Conversation], reservation: Reservation, used_tokens: int) -> None:
        """Write the finished turn and the conversation after it, and correct the usage, in one commit of three writes.

        Where another turn was settled since the conversation was read, it is read again, so that both are in it; a version of
        None says that it was not stored yet. Raises ConflictError where others are first again and again.
        """
        ...

    async def get(self, conversation_id: str, turn_id: str, owner_id: str) -> Turn | None:
        """The owner's turn."""
        ...

    async def list(self, conversation_id: str, owner_id: str, page: PageRequest) -> Page[Turn]:
        """A conversation's turns, newest first."""
        ...

    async def conversation(self, conversation_id: str, owner_id: str) -> Conversation | None:
        """The owner's conversation."""
        ...

    async def conversations(self, owner_id: str, page: PageRequest) -> Page[Conversation]:
        """The owner's conversations, last used first."""
        ...


class DeadLetters(Protocol):
    """Messages that no delivery could finish."""

    async def record(self, letter: DeadLetter) -> bool:
        """Store it; False where it was recorded before."""
        ...

    async def get(self, letter_id: str) -> DeadLetter | None:
        """The letter, for the system."""
        ...
