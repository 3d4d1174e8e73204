"""Opens a bot to whoever holds its link, shuts it again, or gives it another link; its configuration stays as it is."""

from pydantic import Field

from shared.core.clock import Clock
from shared.core.ids import new_id
from shared.domain.base import Id, Model
from shared.domain.bot import Bot, Visibility
from shared.domain.views import BotView
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function
from shared.services.bots import revise


class ShareBot(Model):
    """Who may talk to the bot from now on."""

    bot_id: Id
    visibility: Visibility = Field(default=Visibility.LINK, description="`private` shuts the link at once.")
    new_link: bool = Field(default=False, description="Makes another link; the old one opens nothing any more.")


@callable_function
async def share_bot(wanted: ShareBot, call: Call, *, bots: Bots, clock: Clock) -> BotView:
    """The bot with its `link`. A bot that is shared again has the link that it had, unless a new one is asked for."""
    now, fresh = clock(), new_id()

    def shared(bot: Bot) -> Bot:
        # One secret for all tries, so that a try whose answer was lost is known again.
        return bot.shared_as(wanted.visibility, fresh if wanted.new_link or bot.link is None else bot.link, now)

    return BotView.of(await revise(bots, wanted.bot_id, call.uid, shared))
