"""Brings an old configuration back as a new version; the versions between stay, and sharing stays as it is."""

from shared.core.clock import Clock
from shared.domain.base import Id, Model
from shared.domain.bot import VersionNumber
from shared.domain.views import BotView
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function
from shared.runtime.models import Registry
from shared.services.bots import find_version, revise
from shared.services.drafts import Drafts


class RestoreBotVersion(Model):
    """Which version of which bot."""

    bot_id: Id
    version: VersionNumber


@callable_function
async def restore_bot_version(
    wanted: RestoreBotVersion, call: Call, *, bots: Bots, drafts: Drafts, registry: Registry, clock: Clock
) -> BotView:
    """The bot at its new version; as it is where it has that configuration already. What the old one named must still exist."""
    old = await find_version(bots, wanted.bot_id, wanted.version, call.uid)
    await drafts.check(old.configuration, call.uid, registry.chat_model)
    now = clock()
    bot = await revise(
        bots,
        wanted.bot_id,
        call.uid,
        lambda bot: bot.configured(old.configuration, now),
        require_version=call.require_version,
        restored_from=old.number,
    )
    return BotView.of(bot)
