"""Lists what everybody asked a bot and what it answered, for its owner, who pays for it."""

from functions.list_bot_turns.models import ListBotTurns, LoggedTurn
from shared.core.clock import Clock
from shared.domain.base import Page, PageRequest
from shared.ports.log import Log
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function
from shared.services.bots import find_bot


@callable_function
async def list_bot_turns(wanted: ListBotTurns, call: Call, *, bots: Bots, log: Log, clock: Clock) -> Page[LoggedTurn]:
    """Newest first; a page may be short. Raises NotFoundError for a bot that is absent or another's."""
    bot = await find_bot(bots, wanted.bot_id, call.uid)
    found = await log.turns(bot.id, call.uid, PageRequest(page_size=wanted.page_size, cursor=wanted.cursor))
    now = clock()
    shown = tuple(LoggedTurn.of(turn.seen_at(now), call.uid) for turn in found.items)
    return Page(items=shown, next_cursor=found.next_cursor)
