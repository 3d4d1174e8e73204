"""Lists the caller's bots, a page at a time."""

from shared.domain.base import Page, PageRequest
from shared.domain.views import BotView
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function


@callable_function
async def list_bots(page: PageRequest, call: Call, *, bots: Bots) -> Page[BotView]:
    """Newest first."""
    found = await bots.list(call.uid, page)
    return Page(items=tuple(BotView.of(bot) for bot in found.items), next_cursor=found.next_cursor)
