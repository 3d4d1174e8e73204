"""What callers are shown of stored records: never an owner's id, a tail or a lease."""

from datetime import datetime
from typing import Self

from pydantic import Field

from shared.domain.base import Model
from shared.domain.bot import Bot, BotDraft, Visibility
from shared.domain.conversation import Citation, Conversation, Rating, TokenUsage, Turn, TurnStatus, usage_of


class BotView(BotDraft):
    """A bot as its owner sees it: one version's configuration, and what the backend knows of it."""

    id: str
    version: int
    visibility: Visibility
    link: str | None = Field(description="What its owner hands out to share it; null while it is private.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, bot: Bot) -> Self:
        """The view of a stored bot."""
        known = bot.model_dump(include={"id", "version", "visibility", "created_at", "updated_at"})
        return cls(**bot.configuration.model_dump(), **known, link=bot.shown_link)


class ConversationView(Model):
    """A conversation in a list."""

    id: str
    bot_id: str | None
    persona_id: str | None
    title: str
    turns: int
    active_turn_id: str | None = Field(
        description="The last turn of the branch that the next message goes on from; its parents, in turn, are the rest of it."
    )
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, conversation: Conversation) -> Self:
        """The view of a stored conversation."""
        return cls(**conversation.model_dump(include=set(cls.model_fields)))


class TurnView(Model):
    """A question and its answer, as the person who asked sees them later."""

    id: str
    parent_turn_id: str | None = Field(description="The turn that it answers to; null for a first one.")
    question: str
    answer: str
    found: bool | None
    citations: tuple[Citation, ...]
    status: TurnStatus
    error: str | None
    model: str
    usage: TokenUsage
    latency_ms: int | None
    rating: Rating | None
    comment: str | None
    created_at: datetime

    @classmethod
    def of(cls, turn: Turn) -> Self:
        """The view of a stored turn, at the moment for which `seen_at` made it."""
        names = set(cls.model_fields) - {"usage", "citations"}
        return cls(**turn.model_dump(include=names), citations=turn.citations, usage=usage_of(turn.calls))


class ChatResult(Model):
    """A turn that has ended. `found` is null where no knowledge was searched; only verified citations are proof."""

    conversation_id: str
    turn_id: str
    answer: str
    citations: tuple[Citation, ...]
    found: bool | None
    status: TurnStatus
    usage: TokenUsage

    @classmethod
    def of(cls, turn: Turn) -> Self:
        """The result of a settled turn."""
        return cls(
            conversation_id=turn.conversation_id,
            turn_id=turn.id,
            answer=turn.answer,
            citations=turn.citations,
            found=turn.found,
            status=turn.status,
            usage=usage_of(turn.calls),
        )
