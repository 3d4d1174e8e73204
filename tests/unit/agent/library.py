"""A bot with documents in memory, for the agent's tests."""

from datetime import UTC, datetime

from shared.agent.retrieval import Knowledge
from shared.core.ids import chunk_id
from shared.domain.bot import AgentKind, Bot, BotDraft, RetrievalSettings
from shared.domain.chunk import Chunk, EmbeddedChunk, Passage, Place
from shared.domain.document import Document, DocumentStatus
from tests.memory.chat_models import FakeEmbedder, vector_of
from tests.memory.models import MemoryVectorIndex
from tests.memory.store import MemoryDocuments, MemoryStore

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def a_bot(bot_id: str = "bot", owner_id: str = "alice", **configuration: object) -> Bot:
    draft = BotDraft.model_validate({"name": "Reader", "agent_kind": AgentKind.RAG, **configuration})
    return Bot(id=bot_id, owner_id=owner_id, configuration=draft, created_at=NOW, updated_at=NOW)


def a_chunk(text: str, document_id: str = "doc", ordinal: int = 0, generation: int = 1, **fields: object) -> Chunk:
    plain = {"owner_id": "alice", "bot_id": "bot", "place": Place(page=ordinal + 1, start=100, end=100 + len(text))}
    return Chunk.model_validate(
        {
            "id": chunk_id(document_id, generation, ordinal),
            "document_id": document_id,
            "generation": generation,
            "ordinal": ordinal,
            "text": text,
            "created_at": NOW,
            **plain,
            **fields,
        }
    )


def a_passage(number: int, text: str, **fields: object) -> Passage:
    return Passage(number=number, chunk=a_chunk(text, ordinal=number, **fields), document_title="Manual", score=0.8)


class Library:
    """Documents that are learned at once."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.embedder = FakeEmbedder()
        self.index = MemoryVectorIndex(self.store)
        self.knowledge = Knowledge(self.embedder, self.index, MemoryDocuments(self.store))

    def learn(self, document_id: str, *texts: str, live: int = 1, generation: int = 1, **owner: str) -> None:
        """A document whose chunks are the texts; `live` is the generation that searches see."""
        whose = {"owner_id": "alice", "bot_id": "bot", **owner}
        document = Document(
            id=document_id,
            title=f"{document_id}.pdf",
            content_type="application/pdf",
            size_bytes=1,
            blob=f"uploads/{document_id}",
            status=DocumentStatus.READY,
            generation=generation,
            live_generation=live,
            created_at=NOW,
            updated_at=NOW,
            due_at=None,
            **whose,
        )
        self.store.documents[document_id] = self.store.stamp(document)
        for ordinal, text in enumerate(texts):
            chunk = a_chunk(text, document_id, ordinal, generation, **whose)
            vector = vector_of(text, self.embedder.spec.dimension)
            self.store.chunks[chunk.id] = EmbeddedChunk(chunk=chunk, vector=vector)

    async def texts(self, query: str, bot: Bot | None = None, **settings: object) -> list[str]:
        """The texts of the passages found, best first."""
        passages = await self.knowledge.passages(query, bot or a_bot(), RetrievalSettings.model_validate(settings))
        return [passage.chunk.text for passage in passages]
