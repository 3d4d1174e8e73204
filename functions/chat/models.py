"""What `chat` takes and, last, answers."""

from typing import Annotated, Self

from pydantic import StringConstraints

from shared.domain.base import Id, Model
from shared.domain.conversation import Citation, TokenUsage, Turn, TurnStatus, usage_of


class ChatRequest(Model):
    """A message to a bot, to a persona alone, or into a conversation, which fixes the two."""

    message: Annotated[str, StringConstraints(min_length=1, max_length=8000, strip_whitespace=True)]
    conversation_id: Id | None = None
    bot_id: Id | None = None
    persona_id: Id | None = None


class ChatResult(Model):
    """The finished turn. `found` is null where no knowledge was searched; only verified citations are proof."""

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
