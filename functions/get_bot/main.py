"""Shows one of the caller's bots; another's answers as a missing one."""

from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.domain.views import BotView
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function


class GetBot(Model):
    """Which bot."""

    bot_id: Id


@callable_function
async def get_bot(wanted: GetBot, call: Call, *, bots: Bots) -> BotView:
    """The bot with its current configuration."""
    bot = await bots.get(wanted.bot_id, call.uid)
    if bot is None:
        raise NotFoundError("There is no such bot.", field="bot_id")
    return BotView.of(bot)
