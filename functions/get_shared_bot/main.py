"""Shows a visitor whom a link leads to, and nothing of how the bot is made or by whom."""

from typing import Annotated, Self

from pydantic import StringConstraints

from shared.core.errors import NotFoundError
from shared.domain.base import Model
from shared.domain.bot import OPENS_NOTHING, Bot, read_link
from shared.ports.store import Bots
from shared.runtime.functions import callable_function


class GetSharedBot(Model):
    """The link as its owner handed it out."""

    link: Annotated[str, StringConstraints(min_length=1, max_length=300)]


class SharedBotView(Model):
    """A bot as a visitor sees it."""

    id: str
    name: str
    icon: str
    description: str
    keywords: tuple[str, ...]

    @classmethod
    def of(cls, bot: Bot) -> Self:
        """The view of a stored bot."""
        shown = bot.configuration.model_dump(include={"name", "icon", "description", "keywords"})
        return cls(id=bot.id, **shown)


@callable_function
async def get_shared_bot(wanted: GetSharedBot, *, bots: Bots) -> SharedBotView:
    """The bot. One sentence for a link that is wrong, revoked, or of a bot that is private or gone."""
    named = read_link(wanted.link)
    bot = await bots.shared(*named) if named else None
    if bot is None:
        raise NotFoundError(OPENS_NOTHING, field="link")
    return SharedBotView.of(bot)
