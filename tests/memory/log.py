"""The log of a bot in memory: the turns of a MemoryStore by who pays for them."""

from statistics import mean

from shared.adapters import cursors
from shared.core.clock import Clock, system_clock
from shared.domain.base import Page, PageRequest
from shared.domain.conversation import Turn
from shared.domain.figures import FIGURES_WINDOW, Figures
from tests.memory.store import MemoryStore


class MemoryLog:
    """What FirestoreLog reads from the collection group."""

    def __init__(self, store: MemoryStore | None = None, clock: Clock = system_clock) -> None:
        self.store = store or MemoryStore()
        self._clock = clock

    async def turns(self, bot_id: str, owner_id: str, page: PageRequest) -> Page[Turn]:
        start = cursors.read_moment(page.cursor) if page.cursor else None
        rest = sorted(self._of(bot_id, owner_id), key=lambda turn: (turn.created_at, turn.id), reverse=True)
        if start:
            rest = [turn for turn in rest if turn.created_at <= start.moment][start.passed :]
        shown, more = rest[: page.page_size], len(rest) > page.page_size
        cursor = cursors.after_moment([turn.created_at for turn in shown], start) if more else None
        kept = tuple(turn for turn in shown if turn.expire_at is None or turn.expire_at > self._clock())
        return Page(items=kept, next_cursor=cursor)

    async def figures(self, bot_id: str, owner_id: str) -> Figures:
        recent = [turn for turn in self._of(bot_id, owner_id) if turn.created_at >= self._clock() - FIGURES_WINDOW]
        ratings = [turn.rating for turn in recent]
        latencies = [turn.latency_ms for turn in recent if turn.latency_ms is not None]
        return Figures(
            turns=len(recent),
            rated_up=ratings.count("up"),
            rated_down=ratings.count("down"),
            average_latency_ms=round(mean(latencies)) if latencies else None,
        )

    def _of(self, bot_id: str, owner_id: str) -> list[Turn]:
        return [turn for turn in self.store.turns.values() if (turn.bot_id, turn.bot_owner_id) == (bot_id, owner_id)]
