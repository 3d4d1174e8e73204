"""Searches a bot's knowledge as its chat does, so that an owner sees what the bot would read."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.agent.retrieval import Knowledge
from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model
from shared.domain.chunk import Passage, Place
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function


class SearchKnowledge(Model):
    """What is sought; `top_k` null takes the bot's setting."""

    bot_id: Id
    query: Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
    top_k: int | None = Field(default=None, ge=1, le=20)


class FoundPassage(Model):
    """A passage with its place in the document; `score` is the cosine similarity to the query."""

    number: int
    document_id: str
    document_title: str
    chunk_id: str
    text: str
    place: Place
    score: float

    @classmethod
    def of(cls, passage: Passage) -> "FoundPassage":
        """The view of a retrieved passage."""
        chunk = passage.chunk
        return cls(
            number=passage.number,
            document_id=chunk.document_id,
            document_title=passage.document_title,
            chunk_id=chunk.id,
            text=chunk.text,
            place=chunk.place,
            score=passage.score,
        )


class FoundPassages(Model):
    """The best passages; none where nothing reaches the bot's least score."""

    items: tuple[FoundPassage, ...]


@callable_function
async def search_knowledge(search: SearchKnowledge, call: Call, *, bots: Bots, knowledge: Knowledge) -> FoundPassages:
    """Best first."""
    bot = await bots.get(search.bot_id, call.uid)
    if bot is None:
        raise NotFoundError("There is no such bot.", field="bot_id")
    settings = bot.configuration.retrieval
    if search.top_k:
        # Only how many is the caller's to choose here: the least score is the bot's, so that this shows what its chat would read.
        settings = settings.model_copy(update={"top_k": search.top_k})
    passages = await knowledge.passages(search.query, bot, settings)
    return FoundPassages(items=tuple(FoundPassage.of(passage) for passage in passages))
