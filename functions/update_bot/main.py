"""Changes a bot: another configuration becomes a new version."""

from shared.core.clock import Clock
from shared.domain.base import Id
from shared.domain.bot import BotDraft
from shared.domain.views import BotView
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function
from shared.runtime.models import Registry
from shared.services.bots import revise
from shared.services.drafts import Drafts


class UpdateBot(BotDraft):
    """The whole configuration anew: what is left out of it takes its default."""

    bot_id: Id

    @property
    def draft(self) -> BotDraft:
        """The configuration alone."""
        return BotDraft.model_validate(self.model_dump(include=set(BotDraft.model_fields)))


@callable_function
async def update_bot(wanted: UpdateBot, call: Call, *, bots: Bots, drafts: Drafts, registry: Registry, clock: Clock) -> BotView:
    """The bot as it is now; a configuration that it has already makes no version, so a repeated call answers alike."""
    draft, now = wanted.draft, clock()
    await drafts.check(draft, call.uid, registry.chat_model)
    bot = await revise(
        bots, wanted.bot_id, call.uid, lambda bot: bot.configured(draft, now), require_version=call.require_version
    )
    return BotView.of(bot)
