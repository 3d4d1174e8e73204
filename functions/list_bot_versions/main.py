"""Lists the configurations that a bot has had, a page at a time."""

from datetime import datetime
from typing import Self

from shared.domain.base import Id, Page, PageRequest
from shared.domain.bot import BotDraft, BotVersion
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function
from shared.services.bots import find_bot


class ListBotVersions(PageRequest):
    """Whose versions."""

    bot_id: Id


class BotVersionView(BotDraft):
    """One version's configuration; `restored_from` names the one that it repeats."""

    version: int
    restored_from: int | None
    created_at: datetime

    @classmethod
    def of(cls, version: BotVersion) -> Self:
        """The view of a stored version."""
        known = version.model_dump(include={"restored_from", "created_at"})
        return cls(**version.configuration.model_dump(), **known, version=version.number)


@callable_function
async def list_bot_versions(wanted: ListBotVersions, call: Call, *, bots: Bots) -> Page[BotVersionView]:
    """Newest first. Raises NotFoundError for a bot that is absent or another's."""
    bot = await find_bot(bots, wanted.bot_id, call.uid)
    found = await bots.versions(bot.id, call.uid, PageRequest(page_size=wanted.page_size, cursor=wanted.cursor))
    return Page(items=tuple(BotVersionView.of(version) for version in found.items), next_cursor=found.next_cursor)
