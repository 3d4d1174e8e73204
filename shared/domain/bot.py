"""A bot is a persona with instructions and knowledge; each saved configuration is a version that never changes."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.domain.base import Id, Model, Record

Keyword = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]


class AgentKind(StrEnum):
    """`rag` answers from the bot's knowledge alone; `chat` talks freely and has no knowledge."""

    CHAT = "chat"
    RAG = "rag"


class GenerationSettings(Model):
    """How the model writes; `max_output_tokens` is also what a turn reserves for the answer."""

    temperature: float = Field(default=0.2, ge=0, le=2)
    max_output_tokens: int = Field(default=1024, ge=16, le=8192)


class RetrievalSettings(Model):
    """How much is retrieved; `min_score` is the cosine similarity below which a passage is no evidence."""

    top_k: int = Field(default=6, ge=1, le=20)
    min_score: float = Field(default=0.2, ge=-1, le=1)


class BotDraft(Model):
    """What a person decides of a bot."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
    icon: str = Field(default="", max_length=200)
    keywords: tuple[Keyword, ...] = Field(default=(), max_length=20)
    description: str = Field(default="", max_length=2000)
    # They stand in every prompt of the bot, so they are paid anew each turn: 8000 characters are some 2000 tokens.
    instructions: str = Field(default="", max_length=8000)
    persona_id: Id | None = None
    model: str | None = Field(
        default=None, max_length=100, description="A model of the registry; null: the environment's default."
    )
    agent_kind: AgentKind = AgentKind.RAG
    generation: GenerationSettings = GenerationSettings()
    retrieval: RetrievalSettings = RetrievalSettings()


class Bot(Record):
    """The bot's head: the current version's configuration whole, so that a chat turn reads one document."""

    id: str
    owner_id: str
    version: int = 1
    configuration: BotDraft
    created_at: datetime
    updated_at: datetime


class BotVersion(Record):
    """An immutable configuration, stored under `bots/{bot_id}/versions/{number}`."""

    bot_id: str
    owner_id: str
    number: int
    configuration: BotDraft
    created_at: datetime
