"""Shows one of the caller's bots and how it does; another's answers as a missing one."""

from pydantic import Field

from shared.domain.base import Id, Model
from shared.domain.bot import VersionNumber
from shared.domain.figures import Figures
from shared.domain.views import BotView
from shared.ports.log import Log
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function
from shared.services.bots import find_bot, find_version


class GetBot(Model):
    """Which bot, and as of which version."""

    bot_id: Id
    version: VersionNumber | None = Field(default=None, description="Null: the current one.")


class BotDetails(BotView):
    """A bot at one version, with what belongs to it at any."""

    current_version: int
    figures: Figures


@callable_function
async def get_bot(wanted: GetBot, call: Call, *, bots: Bots, log: Log) -> BotDetails:
    """The bot with the configuration of the version asked for, and the figures of all its versions."""
    bot = await find_bot(bots, wanted.bot_id, call.uid)
    figures = await log.figures(bot.id, call.uid)
    shown = bot
    if wanted.version is not None:
        shown = (await find_version(bots, bot.id, wanted.version, call.uid)).applied_to(bot)
    return BotDetails(**BotView.of(shown).model_dump(), current_version=bot.version, figures=figures)
