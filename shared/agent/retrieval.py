"""From a question to numbered passages: nearest chunks, only of live generations of the owner's documents, ranked and bounded."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.agent.ranking import rank
from shared.domain.bot import Bot, RetrievalSettings
from shared.domain.chunk import Hit, Passage
from shared.domain.document import Document
from shared.ports.models import Embedder, VectorIndex
from shared.ports.store import Documents

# For hits of old generations and texts that stand twice, and so that the lexical ranks have something to reorder.
_OVERSAMPLE = 4
_MARGIN = 8
_WIDER = 4
# What Firestore's find_nearest answers at most.
_MOST = 1000


@dataclass(frozen=True)
class Knowledge:
    """The ports through which a bot's knowledge is searched."""

    embedder: Embedder
    index: VectorIndex
    documents: Documents

    async def passages(self, query: str, bot: Bot, settings: RetrievalSettings) -> tuple[Passage, ...]:
        """At most top_k passages of the bot, best first, numbered from 1, each with a cosine of at least min_score."""
        [vector] = await self.embedder.embed([query], "query")
        search = _Search(self, bot, vector)
        hits = await search.live_hits(settings)
        ranked = rank(query, hits, settings.top_k)
        return tuple(search.passage(number, hit) for number, hit in enumerate(ranked, 1))


@dataclass
class _Search:
    """One search, which widens while hits of old generations or deleted documents stand before the live ones."""

    knowledge: Knowledge
    bot: Bot
    vector: Sequence[float]
    documents: dict[str, Document | None] = field(default_factory=dict)

    async def live_hits(self, settings: RetrievalSettings) -> list[Hit]:
        """Candidates above min_score, best first."""
        limit = min(_MOST, _OVERSAMPLE * settings.top_k + _MARGIN)
        while True:
            hits = await self.knowledge.index.search(self.vector, self.bot.id, self.bot.owner_id, limit)
            near = [hit for hit in hits if hit.score >= settings.min_score]
            await self._read_documents(near)
            live = [hit for hit in near if self._is_live(hit)]
            # Hits come best first: one below the least score means that all further ones are below it too.
            is_exhausted = len(near) < limit or limit >= _MOST
            if is_exhausted or len(live) >= 2 * settings.top_k:
                return live
            limit = min(_MOST, _WIDER * limit)

    async def _read_documents(self, hits: Sequence[Hit]) -> None:
        unknown = {hit.chunk.document_id for hit in hits} - self.documents.keys()
        if unknown:
            found = await self.knowledge.documents.get_many(sorted(unknown), self.bot.owner_id)
            self.documents.update({document_id: found.get(document_id) for document_id in unknown})

    def _is_live(self, hit: Hit) -> bool:
        document, chunk = self.documents[hit.chunk.document_id], hit.chunk
        # The index filters by owner and bot already. It is asked again here, since an index is a copy, and this is the last gate
        # before a reader.
        owners = (chunk.owner_id, chunk.bot_id)
        if document is None or owners != (self.bot.owner_id, self.bot.id) or document.bot_id != self.bot.id:
            return False
        return chunk.generation == document.live_generation

    def passage(self, number: int, hit: Hit) -> Passage:
        document = self.documents[hit.chunk.document_id]
        title = document.title if document else ""
        return Passage(number=number, chunk=hit.chunk, document_title=title, score=hit.score)
