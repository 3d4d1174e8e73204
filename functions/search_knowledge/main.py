"""Searches a bot's knowledge as its chat does, so that an owner sees what the bot would read."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.agent.retrieval import Knowledge
from shared.core.clock import Clock
from shared.domain.base import Id, Model
from shared.domain.chunk import ChunkFlag, Passage, Place
from shared.domain.plan import Reservation, plan_of
from shared.domain.prompt import estimated_tokens
from shared.ports.store import Bots
from shared.runtime.functions import Call, callable_function
from shared.services.bots import find_bot
from shared.services.metering import Purse, metered


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
    flags: tuple[ChunkFlag, ...] = Field(description="What its reader should know: `instructions`, that it tries to give orders.")
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
            flags=chunk.flags,
            score=passage.score,
        )


class FoundPassages(Model):
    """The best passages; none where nothing reaches the bot's least score."""

    items: tuple[FoundPassage, ...]


@dataclass(frozen=True)
class Desk:
    """What is searched, and at whose expense."""

    bots: Bots
    knowledge: Knowledge
    purse: Purse
    clock: Clock


@callable_function
async def search_knowledge(search: SearchKnowledge, call: Call, *, desk: Desk) -> FoundPassages:
    """Best first. A search counts as no turn; the query's tokens, which a model turns into a vector, are the caller's."""
    bot = await find_bot(desk.bots, search.bot_id, call.uid)
    settings = bot.configuration.retrieval
    if search.top_k:
        # Only how many is the caller's to choose here: the least score is the bot's, so that this shows what its chat would read.
        settings = settings.model_copy(update={"top_k": search.top_k})
    tokens = estimated_tokens(search.query)
    reservation = Reservation(owner_id=call.uid, at=desk.clock(), tokens=tokens, turns=0)
    async with metered(desk.purse, reservation, plan_of(call.account).flow, lambda: tokens):
        passages = await desk.knowledge.passages(search.query, bot, settings)
    return FoundPassages(items=tuple(FoundPassage.of(passage) for passage in passages))
