"""Documents of a fake format, how they are learned whole, and what must be true of them in the end."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

from shared.core.ids import chunk_id
from shared.domain import fetching
from shared.domain import pipeline as rules
from shared.domain.blob import upload_name
from shared.domain.document import Document, DocumentSource, DocumentStatus, Stage
from shared.domain.page import BlockKind, TextPage
from shared.domain.plan import FREE
from shared.domain.step import StepState
from shared.ingest.chunk import chunk
from shared.ingest.extract import ExtractionPlan, Opened
from shared.ingest.extraction import Extraction
from shared.ingest.kinds import Kind
from shared.ingest.pages import PageBuilder
from tests.faults.cloud import START, TOKENS, Cloud, notice_of
from tests.memory.blobs import StoredBlob
from tests.memory.chat_models import FakeTokenCounter, vector_of
from tests.memory.web import MemoryPage

PAGES_A_SHARD = 2
FACTS_A_PAGE = 12
MOST_ROUNDS = 1500


def pages_of(content: bytes) -> list[str]:
    """The fake format: a JSON list of the pages' texts."""
    pages: list[str] = json.loads(content)
    return pages


def page_of(number: int, text: str) -> TextPage:
    builder = PageBuilder(number)
    for paragraph in text.split("\n\n"):
        builder.add(BlockKind.PARAGRAPH, paragraph)
    return builder.build()


def plan_of(path: Path, content_type: str) -> ExtractionPlan:
    pages = len(pages_of(path.read_bytes()))
    return ExtractionPlan(kind=Kind(content_type), pages=pages, shards=-(-pages // PAGES_A_SHARD))


def extraction_of(path: Path, shard: int) -> Extraction:
    first = shard * PAGES_A_SHARD
    texts = pages_of(path.read_bytes())[first : first + PAGES_A_SHARD]
    pages = tuple(page_of(first + index + 1, text) for index, text in enumerate(texts))
    return Extraction(pages=pages, characters=sum(map(len, texts)))


async def open_fake(path: Path, content_type: str, _: object = None) -> Opened:
    plan = plan_of(path, content_type)
    return Opened(plan=plan, extraction=extraction_of(path, 0) if plan.shards == 1 else None)


async def extract_fake(path: Path, kind: Kind, shard: int, _: object = None) -> Extraction:
    return extraction_of(path, shard)


def text_of(document_id: str, page: int) -> str:
    return "\n\n".join(f"Fact {number} on page {page} of {document_id} is true." for number in range(FACTS_A_PAGE))


async def upload(cloud: Cloud, document_id: str, pages: int, of: str = "", parent_id: str | None = None) -> None:
    """A document whose bytes, those of another where it is named, have just arrived; the bucket's word of it may be lost."""
    content = json.dumps([text_of(of or document_id, page) for page in range(1, pages + 1)]).encode()
    name = upload_name(document_id)
    document = Document(
        id=document_id,
        owner_id="alice",
        bot_id="bot",
        title=f"{document_id}.txt",
        content_type="text/plain",
        size_bytes=len(content),
        blob=name,
        parent_id=parent_id,
        source=DocumentSource.ATTACHMENT if parent_id else DocumentSource.FILE,
        status=DocumentStatus.AWAITING_UPLOAD,
        created_at=START,
        updated_at=START,
        due_at=START + timedelta(minutes=2),
    )
    await cloud.stores.documents.create(document, FREE.stock)
    cloud.blobs.objects[name] = StoredBlob(content, "text/plain")
    if cloud.dice.random() < 9 / 10:
        cloud.send("on-upload", notice_of(name, content))


async def submit(cloud: Cloud, document_id: str, pages: int) -> None:
    """A document whose page was just submitted; the message that asks for it may be lost."""
    url = f"https://example.com/{document_id}"
    content = json.dumps([text_of(document_id, page) for page in range(1, pages + 1)]).encode()
    cloud.web.pages |= {url: MemoryPage(content, "text/plain"), "https://example.com/robots.txt": MemoryPage(b"", "text/plain")}
    told = {"owner_id": "alice", "bot_id": "bot", "title": document_id, "source": DocumentSource.URL, "url": url}
    moment = rules.Moment(START, timedelta(seconds=90))
    document = fetching.submitted(document_id, moment, content_type="application/octet-stream", **told)
    await cloud.stores.documents.create(document, FREE.stock)
    if cloud.dice.random() < 9 / 10:
        cloud.send("fetch-url", rules.step_message(document).model_dump())


async def learn(cloud: Cloud, documents: dict[str, int]) -> None:
    """Upload documents of so many pages, and go on until all have ended and the last late message was delivered."""
    for document_id, pages in documents.items():
        await upload(cloud, document_id, pages)
    for _ in range(MOST_ROUNDS):
        if await cloud.has_ended():
            break
        await cloud.round()
    await cloud.calm_down()
    await cloud.look()


def check_all(cloud: Cloud) -> None:
    """Every document is ready, each of its chunks is there once, as if nothing had ever gone wrong, and its cost is told."""
    for stored in cloud.store.documents.values():
        check_whole(cloud, stored.value)
        check_steps(cloud, stored.value)
    told = sum(stored.value.cost.embedded_texts for stored in cloud.store.documents.values())
    assert len(set(cloud.embedder.embedded)) <= told <= len(cloud.embedder.embedded)


def check_whole(cloud: Cloud, document: Document, of: str = "", generation: int = 1) -> None:
    assert (document.status, document.failure, document.live_generation) == (DocumentStatus.READY, None, generation)
    assert (document.due_at, document.retry_at) == (None, None)
    assert all(progress.done == progress.of > 0 for progress in document.progress.values())
    pages = [page_of(number, text_of(of or document.id, number)) for number in range(1, (document.pages or 0) + 1)]
    passages = chunk(pages, FakeTokenCounter(TOKENS).count, TOKENS)
    stored = {key: entry for key, entry in cloud.store.chunks.items() if entry.chunk.document_id == document.id}
    assert document.chunks == len(stored) == len(passages)
    for ordinal, passage in enumerate(passages):
        entry = stored[chunk_id(document.id, generation, ordinal)]
        assert (entry.chunk.text, entry.chunk.place) == (passage.text, passage.place)
        assert entry.vector == vector_of(passage.text, 16)


def check_steps(cloud: Cloud, document: Document) -> None:
    steps = [stored.value for (owner, _), stored in cloud.store.steps.items() if owner == document.id]
    assert all(step.state is StepState.DONE for step in steps)
    shards = Counter(step.key.stage for step in steps)
    assert shards == {stage: document.progress[stage].of for stage in Stage if stage is not Stage.FETCH}
