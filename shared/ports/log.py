"""What was asked of a bot and what it answered, for its owner, who pays for visitors' turns too."""

from typing import Protocol

from shared.domain.base import Page, PageRequest
from shared.domain.conversation import Turn
from shared.domain.figures import Figures


class Log(Protocol):
    """Everybody's turns with one bot; nothing of a bot that is absent or another's."""

    async def turns(self, bot_id: str, owner_id: str, page: PageRequest) -> Page[Turn]:
        """Newest first; a page may be short, since turns past their `expire_at` are left out.

        Raises InvalidArgumentError (field cursor) on a cursor that is not ours.
        """
        ...

    async def figures(self, bot_id: str, owner_id: str) -> Figures:
        """Counted from the turns' index; one that expired may count until it is removed, at most a day later."""
        ...
