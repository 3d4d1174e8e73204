"""Text with its place: what is searched, and what a citation points to."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.domain.base import Model, Record


class Place(Model):
    """Where text stands: characters `start` to `end` (end excluded) of the page's extracted text; pages count from 1."""

    page: int | None = Field(
        default=None, description="Null where the format has no pages: then the span counts in the whole text."
    )
    start: int
    end: int
    headings: tuple[str, ...] = Field(default=(), description="The headings above it, outermost first.")


class ChunkFlag(StrEnum):
    """What a passage's reader should know of it."""

    INSTRUCTIONS = "instructions"
    """It speaks to the model that will read it, as text does that tries to give orders."""


class Chunk(Record):
    """One passage of one generation of a document; `id` is derived, so writing it twice stores it once."""

    id: str
    document_id: str
    generation: int
    ordinal: int
    owner_id: str
    bot_id: str
    text: str
    place: Place
    tokens: int = Field(default=0, description="As the embedder counts.")
    flags: tuple[ChunkFlag, ...] = ()
    created_at: datetime


class EmbeddedChunk(Model):
    """A chunk with the vector of its text, of the embedder's dimension and unit length."""

    chunk: Chunk
    vector: tuple[float, ...]


class Hit(Model):
    """A chunk that a search found; `score` is cosine similarity in [-1, 1]."""

    chunk: Chunk
    score: float


class Passage(Model):
    """A hit that may be shown: its document is live, its rank and title are known; `number` is what a citation names."""

    number: int
    chunk: Chunk
    document_title: str
    score: float
