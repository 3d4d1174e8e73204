"""What the owner of a bot asks of its log, and sees of it."""

from datetime import datetime
from typing import Self

from shared.core.ids import derived_id
from shared.domain.base import Id, Model, PageRequest
from shared.domain.conversation import Citation, Rating, TokenUsage, Turn, TurnStatus, usage_of


class ListBotTurns(PageRequest):
    """Which bot's log."""

    bot_id: Id


class LoggedTurn(Model):
    """A turn as the one who pays for it sees it; a visitor's tells neither who asked nor in which conversation.

    `id` is the entry's own, since a turn's id names its conversation; `turn_id` and `conversation_id` are null but for own turns.
    """

    id: str
    turn_id: str | None
    conversation_id: str | None
    question: str
    answer: str
    found: bool | None
    citations: tuple[Citation, ...]
    rating: Rating | None
    comment: str | None
    status: TurnStatus
    error: str | None
    bot_version: int | None
    model: str
    usage: TokenUsage
    latency_ms: int | None
    first_token_ms: int | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, turn: Turn, reader_id: str) -> Self:
        """The view of a stored turn, at the moment for which `seen_at` made it."""
        is_own = turn.owner_id == reader_id
        other = {"id", "turn_id", "conversation_id", "citations", "usage"}
        return cls(
            **turn.model_dump(include=set(cls.model_fields) - other),
            id=derived_id("logged turn", turn.id),
            turn_id=turn.id if is_own else None,
            conversation_id=turn.conversation_id if is_own else None,
            citations=turn.citations,
            usage=usage_of(turn.calls),
        )
