"""What callers are shown of stored records: never an owner's id, a tail or a lease."""

from datetime import datetime
from typing import Self

from shared.domain.base import Model
from shared.domain.bot import Bot, BotDraft
from shared.domain.conversation import Citation, Conversation, TokenUsage, Turn, TurnStatus, usage_of


class BotView(BotDraft):
    """A bot as its owner sees it: the current version's configuration, and what the backend knows of it."""

    id: str
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, bot: Bot) -> Self:
        """The view of a stored bot."""
        known = bot.model_dump(include={"id", "version", "created_at", "updated_at"})
        return cls(**bot.configuration.model_dump(), **known)


class ConversationView(Model):
    """A conversation in a list."""

    id: str
    bot_id: str | None
    persona_id: str | None
    title: str
    turns: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, conversation: Conversation) -> Self:
        """The view of a stored conversation."""
        return cls(**conversation.model_dump(include=set(cls.model_fields)))


class TurnView(Model):
    """A question and its answer, as the person who asked sees them later."""

    id: str
    question: str
    answer: str
    found: bool | None
    citations: tuple[Citation, ...]
    status: TurnStatus
    error: str | None
    model: str
    usage: TokenUsage
    latency_ms: int | None
    created_at: datetime

    @classmethod
    def of(cls, turn: Turn) -> Self:
        """The view of a stored turn, at the moment for which `seen_at` made it."""
        names = set(cls.model_fields) - {"usage", "citations"}
        return cls(**turn.model_dump(include=names), citations=turn.citations, usage=usage_of(turn.calls))
