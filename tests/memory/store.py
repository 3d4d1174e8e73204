"""The stores in memory: one `MemoryStore` is the database that all of them share."""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError

from shared.adapters import cursors
from shared.core.clock import Clock, system_clock
from shared.core.errors import AlreadyExistsError, ConflictError, QuotaExceededError
from shared.domain.account import Account
from shared.domain.base import Page, PageRequest, Record
from shared.domain.bot import Bot, BotVersion
from shared.domain.chunk import Chunk, EmbeddedChunk
from shared.domain.content import ContentClaim
from shared.domain.conversation import Conversation, Turn
from shared.domain.dead_letter import DeadLetter
from shared.domain.deletion import Deletion
from shared.domain.device import Device
from shared.domain.document import Document, DocumentStatus, Wait
from shared.domain.own_persona import OwnPersona
from shared.domain.plan import OpenReservation, Stock, check_stock
from shared.domain.provider_key import ProviderKey
from shared.domain.receipt import Receipt
from shared.domain.step import Step
from shared.domain.template import PromptRun, SavedPrompt
from shared.ports.store import Versioned

Item = TypeVar("Item")


@dataclass
class MemoryStore:
    """All state; a test may look into it and put things there."""

    accounts: dict[str, Account] = field(default_factory=dict)
    usernames: dict[str, str] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    rates: Counter[str] = field(default_factory=Counter)
    bots: dict[str, Bot] = field(default_factory=dict)
    bot_versions: dict[tuple[str, int], BotVersion] = field(default_factory=dict)
    documents: dict[str, Versioned[Document]] = field(default_factory=dict)
    chunks: dict[str, EmbeddedChunk] = field(default_factory=dict)
    contents: dict[str, Versioned[ContentClaim]] = field(default_factory=dict)
    embeddings: dict[str, tuple[float, ...]] = field(default_factory=dict)
    payers: dict[str, str] = field(default_factory=dict)
    asked: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    turns: dict[tuple[str, str], Turn] = field(default_factory=dict)
    provider_keys: dict[str, ProviderKey] = field(default_factory=dict)
    stock: dict[str, Stock] = field(default_factory=lambda: defaultdict(Stock))
    flow: Counter[tuple[str, str]] = field(default_factory=Counter)
    reservations: dict[str, OpenReservation] = field(default_factory=dict)
    ceilings: Counter[str] = field(default_factory=Counter)
    dead_letters: dict[str, DeadLetter] = field(default_factory=dict)
    deletions: dict[str, Versioned[Deletion]] = field(default_factory=dict)
    steps: dict[tuple[str, str], Versioned[Step]] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    holds: dict[str, datetime] = field(default_factory=dict)
    personas: dict[tuple[str, str], OwnPersona] = field(default_factory=dict)
    prompts: dict[tuple[str, str], SavedPrompt] = field(default_factory=dict)
    prompt_versions: dict[tuple[str, str, int], SavedPrompt] = field(default_factory=dict)
    prompt_runs: dict[str, PromptRun] = field(default_factory=dict)
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
    """Bots of a MemoryStore; its own copy of what was read is a Versioned's version, since every write makes another."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def create(self, bot: Bot, limits: Stock) -> None:
        if stored := self.store.bots.get(bot.id):
            _same(stored, bot)
            return
        self.store.add_stock(bot.owner_id, Stock(bots=1), limits)
        self.store.bots[bot.id] = bot
        self.store.bot_versions[bot.id, bot.version] = BotVersion.of(bot)

    async def get(self, bot_id: str, owner_id: str) -> Bot | None:
        bot = self.store.bots.get(bot_id)
        return bot if bot and bot.owner_id == owner_id and bot.deleted_at is None else None

    async def list(self, owner_id: str, page: PageRequest) -> Page[Bot]:
        own = (bot for bot in self.store.bots.values() if bot.owner_id == owner_id)
        found = _newest_first(own, lambda bot: bot.created_at, page)
        return found.model_copy(update={"items": tuple(bot for bot in found.items if bot.deleted_at is None)})

    async def load(self, bot_id: str, owner_id: str) -> Versioned[Bot] | None:
        bot = await self.get(bot_id, owner_id)
        return Versioned(bot, bot) if bot else None

    async def save(self, read: Versioned[Bot], bot: Bot, version: BotVersion) -> None:
        place = (bot.id, version.number)
        stored = self.store.bot_versions.get(place)
        if stored == version:
            return
        self._require(read, is_free=stored is None)
        self.store.bots[bot.id] = bot
        self.store.bot_versions[place] = version

    async def change(self, read: Versioned[Bot], bot: Bot) -> None:
        if self.store.bots.get(bot.id) != bot:
            self._require(read)
            self.store.bots[bot.id] = bot

    async def version(self, bot_id: str, number: int, owner_id: str) -> BotVersion | None:
        return self.store.bot_versions.get((bot_id, number)) if await self.get(bot_id, owner_id) else None

    async def versions(self, bot_id: str, owner_id: str, page: PageRequest) -> Page[BotVersion]:
        before = cursors.read_ordinal(page.cursor) if page.cursor else math.inf
        is_there = await self.get(bot_id, owner_id) is not None
        own = [one for one in self.store.bot_versions.values() if is_there and one.bot_id == bot_id and one.number < before]
        rest = sorted(own, key=lambda one: -one.number)
        shown, more = tuple(rest[: page.page_size]), len(rest) > page.page_size
        return Page(items=shown, next_cursor=cursors.after_ordinal(shown[-1].number) if more else None)

    async def shared(self, bot_id: str, link: str) -> Bot | None:
        bot = self.store.bots.get(bot_id)
        return bot if bot and bot.opened_by(link) else None

    def _require(self, read: Versioned[Bot], *, is_free: bool = True) -> None:
        if self.store.bots.get(read.value.id) is not read.version or not is_free:
            raise ConflictError("The bot has changed since it was read.")


class MemoryDocuments:
    """Documents of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None, clock: Clock = system_clock) -> None:
        self.store = store or MemoryStore()
        self._clock = clock

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
        own = {key: found.value for key, found in stored.items() if found and found.value.owner_id == owner_id}
        return {key: document for key, document in own.items() if self._is_kept(document)}

    async def list(self, owner_id: str, bot_id: str, page: PageRequest) -> Page[Document]:
        every = (stored.value for stored in self.store.documents.values())
        own = (document for document in every if document.owner_id == owner_id and document.bot_id == bot_id)
        found = _newest_first(own, lambda document: document.created_at, page)
        listed = (one for one in found.items if self._is_kept(one) and one.status is not DocumentStatus.DUPLICATE)
        return found.model_copy(update={"items": tuple(listed)})

    async def load(self, document_id: str) -> Versioned[Document] | None:
        stored = self.store.documents.get(document_id)
        return stored if stored and not stored.value.is_expired(self._clock()) else None

    async def replace(self, read: Versioned[Document], document: Document) -> None:
        self.store.write_document(read, document)

    async def release(self, read: Versioned[Document], document: Document) -> None:
        if not self.store.write_document(read, document):
            return
        held = self.store.stock[document.owner_id]
        fewer = {"documents": held.documents - 1, "bytes": held.bytes - read.value.size_bytes}
        self.store.stock[document.owner_id] = held.model_copy(update=fewer)

    async def resize(self, read: Versioned[Document], document: Document, limits: Stock) -> Versioned[Document]:
        owner_id, change = document.owner_id, document.size_bytes - read.value.size_bytes
        before = self.store.documents.get(document.id)
        if not self.store.write_document(read, document):
            return self.store.documents[document.id]
        try:
            # What shrinks is never refused, though the owner be over the limit.
            self.store.add_stock(owner_id, Stock(bytes=change), limits if change > 0 else Stock(bytes=1 << 62))
        except QuotaExceededError:
            assert before is not None
            self.store.documents[document.id] = self.store.stamp(before.value)
            raise
        return self.store.documents[document.id]

    async def to_refresh(self, now: datetime, limit: int) -> Sequence[Document]:
        every = (stored.value for stored in self.store.documents.values())
        due = (document for document in every if document.refresh_at and document.refresh_at <= now)
        waiting = [(document.refresh_at, document.id, document) for document in due]
        return [document for *_, document in sorted(waiting)[:limit] if _is_readable(document)]

    async def report_retry(self, document_id: str, attempt: int, retry_at: datetime, due_at: datetime) -> None:
        if stored := self.store.documents.get(document_id):
            waiting = {"attempt": attempt, "retry_at": retry_at, "wait": Wait.RETRY, "stands_still": False, "due_at": due_at}
            self.store.documents[document_id] = self.store.stamp(stored.value.model_copy(update=waiting))

    async def due(self, now: datetime, limit: int) -> Sequence[Document]:
        every = (stored.value for stored in self.store.documents.values())
        waiting = [(document.due_at, document.id, document) for document in every if document.due_at and document.due_at <= now]
        return [document for _, _, document in sorted(waiting)[:limit] if _is_readable(document)]

    def _is_kept(self, document: Document) -> bool:
        return document.status is not DocumentStatus.DELETING and not document.is_expired(self._clock())


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

    async def count(self, document_id: str, generation: int | None = None) -> int:
        return len(self._of(document_id, generation))

    def _of(self, document_id: str, generation: int | None) -> Sequence[Chunk]:
        own = (stored.chunk for stored in self.store.chunks.values() if stored.chunk.document_id == document_id)
        return tuple(chunk for chunk in own if generation in {None, chunk.generation})


class MemoryDeadLetters:
    """Dead letters of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def record(self, letter: DeadLetter) -> bool:
        return self.store.dead_letters.setdefault(letter.id, letter) is letter

    async def get(self, letter_id: str) -> DeadLetter | None:
        return self.store.dead_letters.get(letter_id)

    async def list(self, page: PageRequest, topic: str | None = None) -> Page[DeadLetter]:
        own = (letter for letter in self.store.dead_letters.values() if topic in {None, letter.topic})
        return _newest_first(own, lambda letter: letter.recorded_at, page)

    async def mark_replayed(self, letter_id: str, at: datetime) -> None:
        if letter := self.store.dead_letters.get(letter_id):
            self.store.dead_letters[letter_id] = letter.model_copy(update={"replayed_at": at})
