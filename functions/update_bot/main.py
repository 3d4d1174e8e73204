"""Changes a bot: another configuration becomes a new version, while sharing belongs to the bot and makes none."""

from datetime import datetime

from pydantic import Field

from shared.core.clock import Clock
from shared.core.ids import new_id
from shared.domain.base import Id
from shared.domain.bot import Bot, BotDraft, Visibility
from shared.domain.views import BotView
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function
from shared.runtime.models import Registry
from shared.services.bots import revise
from shared.services.drafts import Drafts


class UpdateBot(BotDraft):
    """The whole configuration anew: what is left out of it takes its default."""

    bot_id: Id
    visibility: Visibility | None = Field(default=None, description="Null leaves it as it is.")
    new_link: bool = Field(default=False, description="Makes another link; the old one opens nothing any more.")

    @property
    def draft(self) -> BotDraft:
        """The configuration alone."""
        return BotDraft.model_validate(self.model_dump(include=set(BotDraft.model_fields)))

    def applied_to(self, bot: Bot, now: datetime) -> Bot:
        """The bot as it is wanted."""
        visibility = self.visibility or bot.visibility
        needs_link = self.new_link or (visibility is Visibility.LINK and bot.link is None)
        return bot.configured(self.draft, now).shared_as(visibility, new_id() if needs_link else bot.link, now)


@callable_function
async def update_bot(wanted: UpdateBot, call: Call, *, bots: Bots, drafts: Drafts, registry: Registry, clock: Clock) -> BotView:
    """The bot as it is now; a configuration that it has already makes no version, so a repeated call answers alike."""
    await drafts.check(wanted.draft, call.uid, registry.chat_model)
    now = clock()
    bot = await revise(
        bots, wanted.bot_id, call.uid, lambda bot: wanted.applied_to(bot, now), require_version=call.require_version
    )
    return BotView.of(bot)
