"""Bots in Firestore: a head that writes guard by its update time, and versions that are created once and never change."""

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.firestore import AsyncClient, AsyncDocumentReference, AsyncWriteBatch

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import (
    fields,
    if_unchanged,
    loaded,
    owned,
    page_by_number,
    page_by_time,
    reference,
    stands,
)
from shared.adapters.firestore_stock import create_counted
from shared.adapters.google_errors import translated
from shared.core.errors import ConflictError
from shared.core.ids import is_id
from shared.domain.base import Page, PageRequest, Record
from shared.domain.bot import Bot, BotVersion
from shared.domain.plan import Stock
from shared.ports.store import Versioned

# What another writer leaves behind: another update time, no head at all, or a version of the number that was to be created.
_OUTRUN = (AlreadyExists, FailedPrecondition, NotFound)


class FirestoreBots:
    """`bots/{bot_id}`, with `versions/{number}` under each; the version of a Versioned is the head's update time."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def create(self, bot: Bot, limits: Stock) -> None:
        """As the port says: three writes."""
        created = {self._head(bot.id): bot, self._version(bot.id, bot.version): BotVersion.of(bot)}
        await create_counted(self._client, bot.owner_id, created, Stock(bots=1), limits)

    @translated
    async def get(self, bot_id: str, owner_id: str) -> Bot | None:
        """As the port says: one read."""
        found = await owned(self._client, "bots", [bot_id], owner_id, Bot)
        return next((bot for bot in found.values() if bot.deleted_at is None), None)

    @translated
    async def list(self, owner_id: str, page: PageRequest) -> Page[Bot]:
        """As the port says: a read a bot, and one more."""
        found = await page_by_time(queries.bots(self._client, owner_id), "created_at", page, Bot)
        return found.model_copy(update={"items": tuple(bot for bot in found.items if bot.deleted_at is None)})

    @translated
    async def load(self, bot_id: str, owner_id: str) -> Versioned[Bot] | None:
        """As the port says: one read."""
        if not is_id(bot_id):
            return None
        snapshot = await self._head(bot_id).get()
        bot = loaded(Bot, snapshot)
        return Versioned(bot, snapshot.update_time) if bot and bot.owner_id == owner_id and bot.deleted_at is None else None

    @translated
    async def save(self, read: Versioned[Bot], bot: Bot, version: BotVersion) -> None:
        """As the port says: two writes."""
        place = self._version(bot.id, version.number)
        batch = self._replacing(read, bot)
        batch.create(place, fields(version))
        # The version tells whether the commit was ours even where the head has changed again since.
        await _commit(batch, place, version)

    @translated
    async def change(self, read: Versioned[Bot], bot: Bot) -> None:
        """As the port says: one write."""
        await _commit(self._replacing(read, bot), self._head(bot.id), bot)

    @translated
    async def version(self, bot_id: str, number: int, owner_id: str) -> BotVersion | None:
        """As the port says: two reads, one of them of the head, which knows whether the bot is deleted."""
        if await self.get(bot_id, owner_id) is None:
            return None
        return loaded(BotVersion, await self._version(bot_id, number).get())

    @translated
    async def versions(self, bot_id: str, owner_id: str, page: PageRequest) -> Page[BotVersion]:
        """As the port says: a read a version, and two more."""
        if await self.get(bot_id, owner_id) is None:
            return Page(items=())
        return await page_by_number(queries.bot_versions(self._client, bot_id), "number", page, BotVersion)

    @translated
    async def shared(self, bot_id: str, link: str) -> Bot | None:
        """As the port says: one read."""
        bot = loaded(Bot, await self._head(bot_id).get()) if is_id(bot_id) else None
        return bot if bot and bot.opened_by(link) else None

    def _head(self, bot_id: str) -> AsyncDocumentReference:
        return reference(self._client, "bots", bot_id)

    def _version(self, bot_id: str, number: int) -> AsyncDocumentReference:
        return reference(self._client, "bots", bot_id, "versions", str(number))

    def _replacing(self, read: Versioned[Bot], bot: Bot) -> AsyncWriteBatch:
        # An update of every field, since a set takes no precondition; fields that only a later release knows survive it.
        batch = self._client.batch()
        batch.update(self._head(read.value.id), fields(bot), option=if_unchanged(self._client, read.version))
        return batch


async def _commit(batch: AsyncWriteBatch, place: AsyncDocumentReference, written: Record) -> None:
    try:
        await batch.commit()
    except _OUTRUN as error:
        # The library repeats a commit whose answer was lost, and the repetition meets what the first one has written.
        if not await stands(place, written):
            raise ConflictError("The bot has changed since it was read.") from error
