"""The stores in memory: one `MemoryStore` is the database that all of them share."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from shared.adapters import cursors
from shared.core.clock import Clock, system_clock
from shared.core.errors import AlreadyExistsError, ConflictError, NotFoundError
from shared.domain.account import Account
from shared.domain.base import Page, PageRequest, Record
from shared.domain.bot import Bot, BotVersion
from shared.domain.chunk import Chunk, EmbeddedChunk
from shared.domain.conversation import Conversation, Turn
from shared.domain.dead_letter import DeadLetter
from shared.domain.document import Document, Stage, StageProgress
from shared.domain.plan import FlowLimits, FlowTotals, Reservation, Stock, check_flow, check_stock
from shared.domain.receipt import Receipt
from shared.domain.step import Step
from shared.ports.store import ChatContext, Versioned

Item = TypeVar("Item")


@dataclass
class MemoryStore:
    """All state; a test may look into it and put things there."""

    accounts: dict[str, Account] = field(default_factory=dict)
    bots: dict[str, Bot] = field(default_factory=dict)
    bot_versions: dict[tuple[str, int], BotVersion] = field(default_factory=dict)
    documents: dict[str, Versioned[Document]] = field(default_factory=dict)
    chunks: dict[str, EmbeddedChunk] = field(default_factory=dict)
    embeddings: dict[str, tuple[float, ...]] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    turns: dict[tuple[str, str], Turn] = field(default_factory=dict)
    stock: dict[str, Stock] = field(default_factory=lambda: defaultdict(Stock))
    flow: Counter[tuple[str, str]] = field(default_factory=Counter)
    dead_letters: dict[str, DeadLetter] = field(default_factory=dict)
    steps: dict[tuple[str, str], Versioned[Step]] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    holds: dict[str, datetime] = field(default_factory=dict)
    versions: Iterator[int] = field(default_factory=itertools.count)

    def stamp(self, value: Item) -> Versioned[Item]:
        """The value under a version that was never used before."""
        return Versioned(value, next(self.versions))

    def add_stock(self, owner_id: str, change: Stock, limits: Stock) -> None:
        """Count it, unless a limit that the change touches would be passed."""
        held = self.stock[owner_id]
        totals = Stock(**{name: getattr(held, name) + getattr(change, name) for name in Stock.model_fields})
        check_stock(_only_changed(totals, change), limits)
        self.stock[owner_id] = totals

    def write_document(self, read: Versioned[Document], document: Document) -> bool:
        """Store it if the stored one is still of the version read; False where the very same document is stored by then."""
        stored = self.documents.get(document.id)
        if stored is None or stored.version != read.version:
            if stored is None or stored.value != document:
                raise ConflictError("The document has changed since it was read.")
            return False
        self.documents[document.id] = self.stamp(document)
        return True


def _is_readable(record: Record) -> bool:
    try:
        type(record).stored(dict(record))
    except ValidationError:
        return False
    return True


def _same(stored: Record, created: Record) -> None:
    if stored != created:
        raise AlreadyExistsError("Another record has this id.")


def _only_changed(totals: Stock, change: Stock) -> Stock:
    return Stock(**{name: getattr(totals, name) for name in Stock.model_fields if getattr(change, name)})


def _newest_first(items: Iterable[Item], moment: Callable[[Item], datetime], page: PageRequest) -> Page[Item]:
    def key(item: Item) -> tuple[datetime, str]:
        return moment(item), item.id  # type: ignore[attr-defined]  # Every listed record has an id.

    after = cursors.read_time(page.cursor) if page.cursor else None
    rest = [item for item in sorted(items, key=key, reverse=True) if after is None or key(item) < after]
    shown = tuple(rest[: page.page_size])
    more = len(rest) > page.page_size
    return Page(items=shown, next_cursor=cursors.after_time(*key(shown[-1])) if more else None)


class MemoryBots:
    """Bots of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def create(self, bot: Bot, limits: Stock) -> None:
        if stored := self.store.bots.get(bot.id):
            _same(stored, bot)
            return
        self.store.add_stock(bot.owner_id, Stock(bots=1), limits)
        self.store.bots[bot.id] = bot
        self.store.bot_versions[bot.id, bot.version] = BotVersion(
            bot_id=bot.id,
            owner_id=bot.owner_id,
            number=bot.version,
            configuration=bot.configuration,
            created_at=bot.updated_at,
        )

    async def get(self, bot_id: str, owner_id: str) -> Bot | None:
        bot = self.store.bots.get(bot_id)
        return bot if bot and bot.owner_id == owner_id else None

    async def list(self, owner_id: str, page: PageRequest) -> Page[Bot]:
        own = (bot for bot in self.store.bots.values() if bot.owner_id == owner_id)
        return _newest_first(own, lambda bot: bot.created_at, page)


class MemoryDocuments:
    """Documents of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def create(self, document: Document, limits: Stock) -> None:
        if stored := self.store.documents.get(document.id):
            _same(stored.value, document)
            return
        self.store.add_stock(document.owner_id, Stock(documents=1, bytes=document.size_bytes), limits)
        self.store.documents[document.id] = self.store.stamp(document)

    async def get(self, document_id: str, owner_id: str) -> Document | None:
        return (await self.get_many([document_id], owner_id)).get(document_id)

    async def get_many(self, document_ids: Sequence[str], owner_id: str) -> dict[str, Document]:
        stored = {document_id: self.store.documents.get(document_id) for document_id in document_ids}
        return {key: found.value for key, found in stored.items() if found and found.value.owner_id == owner_id}

    async def list(self, owner_id: str, bot_id: str, page: PageRequest) -> Page[Document]:
        every = (stored.value for stored in self.store.documents.values())
        own = (document for document in every if document.owner_id == owner_id and document.bot_id == bot_id)
        return _newest_first(own, lambda document: document.created_at, page)

    async def load(self, document_id: str) -> Versioned[Document] | None:
        return self.store.documents.get(document_id)

    async def replace(self, read: Versioned[Document], document: Document) -> None:
        self.store.write_document(read, document)

    async def release(self, read: Versioned[Document], document: Document) -> None:
        if not self.store.write_document(read, document):
            return
        held = self.store.stock[document.owner_id]
        fewer = {"documents": held.documents - 1, "bytes": held.bytes - read.value.size_bytes}
        self.store.stock[document.owner_id] = held.model_copy(update=fewer)

    async def report(self, document_id: str, stage: Stage, done: int, due_at: datetime) -> None:
        stored = self.store.documents.get(document_id)
        if stored is None:
            return
        before = stored.value.progress.get(stage, StageProgress())
        progress = {**stored.value.progress, stage: before.model_copy(update={"done": done})}
        self.store.documents[document_id] = self.store.stamp(
            stored.value.model_copy(update={"progress": progress, "due_at": due_at})
        )

    async def due(self, now: datetime, limit: int) -> Sequence[Document]:
        every = (stored.value for stored in self.store.documents.values())
        waiting = [(document.due_at, document.id, document) for document in every if document.due_at and document.due_at <= now]
        return [document for _, _, document in sorted(waiting)[:limit] if _is_readable(document)]


class MemoryChunks:
    """Chunks of a MemoryStore, as MemoryVectorIndex put them there."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def get_many(self, chunk_ids: Sequence[str], owner_id: str) -> dict[str, Chunk]:
        stored = {chunk_id: self.store.chunks.get(chunk_id) for chunk_id in chunk_ids}
        return {key: found.chunk for key, found in stored.items() if found and found.chunk.owner_id == owner_id}

    async def list(self, document_id: str, generation: int, owner_id: str, page: PageRequest) -> Page[Chunk]:
        after = cursors.read_ordinal(page.cursor) if page.cursor else -1
        own = [chunk for chunk in self._of(document_id, generation) if chunk.owner_id == owner_id and chunk.ordinal > after]
        rest = sorted(own, key=lambda chunk: chunk.ordinal)
        shown = tuple(rest[: page.page_size])
        more = len(rest) > page.page_size
        return Page(items=shown, next_cursor=cursors.after_ordinal(shown[-1].ordinal) if more else None)

    async def count(self, document_id: str, generation: int) -> int:
        return len(self._of(document_id, generation))

    def _of(self, document_id: str, generation: int) -> Sequence[Chunk]:
        every = (stored.chunk for stored in self.store.chunks.values())
        return tuple(chunk for chunk in every if (chunk.document_id, chunk.generation) == (document_id, generation))


class MemoryTurns:
    """Conversations, turns and flow of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None, clock: Clock = system_clock) -> None:
        self.store = store or MemoryStore()
        self._clock = clock

    async def context(self, caller_id: str, conversation_id: str | None, bot_id: str | None) -> ChatContext:
        head = await self.conversation(conversation_id, caller_id) if conversation_id else None
        return ChatContext(
            conversation=Versioned(head, head.turns) if head else None,
            bot=await MemoryBots(self.store).get(bot_id, caller_id) if bot_id else None,
            account=self.store.accounts.get(caller_id),
        )

    async def reserve(self, turn: Turn, reservation: Reservation, limits: FlowLimits) -> FlowTotals:
        flow, windows, stored = self.store.flow, _windows(reservation), self.store.turns.get((turn.conversation_id, turn.id))
        if stored:
            _same(stored, turn)
        added = (0, 0, 0) if stored else (1, 1, reservation.tokens)
        minute, turns, tokens = (flow[window] + more for window, more in zip(windows, added, strict=True))
        totals = FlowTotals(turns_this_minute=minute, turns_this_month=turns, tokens_this_month=tokens)
        check_flow(totals, limits, reservation.at)
        flow.update(dict(zip(windows, added, strict=True)))
        self.store.turns[turn.conversation_id, turn.id] = turn
        return totals

    async def checkpoint(self, conversation_id: str, turn_id: str, answer: str, lease_until: datetime) -> None:
        turn = self.store.turns.get((conversation_id, turn_id))
        if turn is None:
            raise NotFoundError("There is no such turn.")
        saved = turn.model_copy(update={"answer": answer, "lease_until": lease_until})
        self.store.turns[conversation_id, turn_id] = saved

    async def settle(self, turn: Turn, read: Versioned[Conversation], reservation: Reservation, used_tokens: int) -> None:
        self.store.turns[turn.conversation_id, turn.id] = turn
        # Nothing can come between this read and the write, so the version is never asked.
        head = self.store.conversations.get(read.value.id, read.value)
        self.store.conversations[head.id] = head.after(turn)
        self.store.flow[_windows(reservation)[2]] += used_tokens - reservation.tokens

    async def get(self, conversation_id: str, turn_id: str, owner_id: str) -> Turn | None:
        turn = self.store.turns.get((conversation_id, turn_id))
        return turn if turn and turn.owner_id == owner_id and not self._is_expired(turn) else None

    async def list(self, conversation_id: str, owner_id: str, page: PageRequest) -> Page[Turn]:
        own = (turn for turn in self.store.turns.values() if (turn.conversation_id, turn.owner_id) == (conversation_id, owner_id))
        found = _newest_first(own, lambda turn: turn.created_at, page)
        return found.model_copy(update={"items": tuple(turn for turn in found.items if not self._is_expired(turn))})

    async def conversation(self, conversation_id: str, owner_id: str) -> Conversation | None:
        conversation = self.store.conversations.get(conversation_id)
        return conversation if conversation and conversation.owner_id == owner_id else None

    async def conversations(self, owner_id: str, page: PageRequest) -> Page[Conversation]:
        own = (conversation for conversation in self.store.conversations.values() if conversation.owner_id == owner_id)
        return _newest_first(own, lambda conversation: conversation.updated_at, page)

    def _is_expired(self, turn: Turn) -> bool:
        return turn.expire_at is not None and turn.expire_at <= self._clock()


def _windows(reservation: Reservation) -> tuple[Any, Any, Any]:
    at, owner = reservation.at.astimezone(UTC), reservation.owner_id
    return (owner, f"turns {at:%Y-%m-%d %H:%M}"), (owner, f"turns {at:%Y-%m}"), (owner, f"tokens {at:%Y-%m}")


class MemoryDeadLetters:
    """Dead letters of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def record(self, letter: DeadLetter) -> bool:
        return self.store.dead_letters.setdefault(letter.id, letter) is letter

    async def get(self, letter_id: str) -> DeadLetter | None:
        return self.store.dead_letters.get(letter_id)


class MemoryAccounts:
    """Accounts of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def get(self, uid: str) -> Account | None:
        return self.store.accounts.get(uid)
