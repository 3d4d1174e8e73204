"""The log of a bot in Firestore: a query over the turns of all conversations, by who pays for them."""

import asyncio

from google.cloud.firestore import AsyncClient

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import counted, page_of_strangers
from shared.adapters.google_errors import translated
from shared.core.clock import Clock, system_clock
from shared.domain.base import Page, PageRequest
from shared.domain.conversation import Turn
from shared.domain.figures import FIGURES_WINDOW, Figures


class FirestoreLog:
    """The collection group `turns`, which FirestoreTurns writes."""

    def __init__(self, client: AsyncClient, clock: Clock = system_clock) -> None:
        self._client = client
        self._clock = clock

    @translated
    async def turns(self, bot_id: str, owner_id: str, page: PageRequest) -> Page[Turn]:
        """As the port says: a read a turn, and two more."""
        query = queries.bot_turns(self._client, owner_id, bot_id)
        found = await page_of_strangers(query, "created_at", page, Turn)
        now = self._clock()
        kept = tuple(turn for turn in found.items if turn.expire_at is None or turn.expire_at > now)
        return found.model_copy(update={"items": kept})

    @translated
    async def figures(self, bot_id: str, owner_id: str) -> Figures:
        """As the port says: three queries at once, each a read a thousand turns."""
        since = self._clock() - FIGURES_WINDOW
        whole, up, down = await asyncio.gather(
            queries.bot_figures(self._client, owner_id, bot_id, since).get(),
            counted(queries.rated_bot_turns(self._client, owner_id, bot_id, "up", since)),
            counted(queries.rated_bot_turns(self._client, owner_id, bot_id, "down", since)),
        )
        value = {figure.alias: figure.value for figure in whole[0]}
        # An average of nothing is null in Firestore and 0 in its library.
        latency = round(value["latency_ms"]) or None
        return Figures(turns=int(value["turns"]), rated_up=up, rated_down=down, average_latency_ms=latency)
