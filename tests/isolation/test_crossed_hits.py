"""Two tenants who have learned the same documents under the same titles: neither ever finds what is the other's."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from google.cloud.firestore import AsyncClient

from shared.adapters.firestore_store import FirestoreDocuments
from shared.adapters.firestore_vectors import FirestoreVectorIndex
from shared.agent.retrieval import Knowledge
from shared.core.ids import chunk_id, new_id
from shared.domain.bot import Bot, BotDraft, RetrievalSettings
from shared.domain.chunk import Chunk, EmbeddedChunk, Place
from shared.domain.document import Document, DocumentStatus
from shared.domain.plan import Stock
from shared.ports.models import VectorIndex
from shared.ports.store import Documents
from tests.memory.chat_models import FakeEmbedder
from tests.memory.models import MemoryVectorIndex
from tests.memory.store import MemoryDocuments, MemoryStore

XQUAD = Path(__file__).resolve().parents[3] / "shared" / "data" / "ir"
LANGUAGES = ("en", "de")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLENTY = Stock(bots=10, documents=10_000, bytes=10**12)
# Whether a hit is another's does not depend on how well it fits, so short vectors do.
EMBEDDER = FakeEmbedder(dimension=32)
ANY_SCORE = RetrievalSettings(top_k=5, min_score=-1)
AT_ONCE = 8

pytestmark = pytest.mark.skipif(not XQUAD.exists(), reason="the public retrieval sets (../shared/data/ir) are absent")


@cache
def _rows(language: str, name: str) -> tuple[dict[str, Any], ...]:
    lines = (XQUAD / f"xquad-{language}" / f"{name}.jsonl").read_text("utf-8").splitlines()
    return tuple(json.loads(line) for line in lines)


def _bot(owner_id: str) -> Bot:
    return Bot(id=new_id(), owner_id=owner_id, configuration=BotDraft(name="Reader"), created_at=NOW, updated_at=NOW)


def _document(bot: Bot, title: str) -> Document:
    return Document(
        id=new_id(),
        owner_id=bot.owner_id,
        bot_id=bot.id,
        title=title,
        content_type="text/plain",
        size_bytes=1,
        blob="uploads/x",
        status=DocumentStatus.READY,
        live_generation=1,
        created_at=NOW,
        updated_at=NOW,
        due_at=None,
    )


async def _learn(bot: Bot, documents: Documents, index: VectorIndex) -> None:
    """Both languages' articles, one document each, as every tenant learns them."""
    rows = [row for language in LANGUAGES for row in _rows(language, "corpus")]
    vectors = await EMBEDDER.embed([row["text"] for row in rows], "passage")
    learned = [_document(bot, row["id"]) for row in rows]
    for start in range(0, len(learned), 50):
        await asyncio.gather(*(documents.create(document, PLENTY) for document in learned[start : start + 50]))
    await index.put(
        [_entry(bot, document, row["text"], vector) for document, row, vector in zip(learned, rows, vectors, strict=True)]
    )


def _entry(bot: Bot, document: Document, text: str, vector: tuple[float, ...]) -> EmbeddedChunk:
    chunk = Chunk(
        id=chunk_id(document.id, 1, 0),
        document_id=document.id,
        generation=1,
        ordinal=0,
        owner_id=bot.owner_id,
        bot_id=bot.id,
        text=text,
        place=Place(page=None, start=0, end=len(text)),
        created_at=NOW,
    )
    return EmbeddedChunk(chunk=chunk, vector=vector)


@pytest.fixture(params=["memory", "firestore"])
async def knowledge(request: pytest.FixtureRequest) -> AsyncIterator[Knowledge]:
    if request.param == "memory":
        store = MemoryStore()
        yield Knowledge(EMBEDDER, MemoryVectorIndex(store), MemoryDocuments(store))
        return
    client = AsyncClient(project=request.getfixturevalue("fresh_project"))
    yield Knowledge(EMBEDDER, FirestoreVectorIndex(client), FirestoreDocuments(client))
    await client._firestore_api.transport.close()


async def _owners_found(knowledge: Knowledge, bot: Bot, questions: Sequence[str]) -> set[str]:
    found = await asyncio.gather(*(knowledge.passages(question, bot, ANY_SCORE) for question in questions))
    assert all(found)
    return {passage.chunk.owner_id for passages in found for passage in passages}


@pytest.mark.timeout(300)
async def test_no_question_finds_the_other_tenants_passages(knowledge: Knowledge, tell: Callable[[str], None]) -> None:
    bots = [_bot("alice"), _bot("bob")]
    for bot in bots:
        await _learn(bot, knowledge.documents, knowledge.index)
    asked = 0
    for bot, language in zip(bots, LANGUAGES, strict=True):
        questions = [row["text"] for row in _rows(language, "queries")]
        for start in range(0, len(questions), AT_ONCE):
            part = questions[start : start + AT_ONCE]
            assert await _owners_found(knowledge, bot, part) == {bot.owner_id}
            asked += len(part)
    tell(f"{type(knowledge.index).__name__}: {asked} questions of two tenants with the same documents, 0 crossed hits")
