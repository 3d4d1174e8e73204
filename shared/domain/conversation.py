"""A conversation is a thread of turns; it keeps a bounded tail of them, so that history costs one read."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.domain.base import Model, Record
from shared.domain.chunk import Place

# At most 18,000 characters: history costs one read, and the head stays far below the 1 MiB of a Firestore document.
TAIL_MESSAGES = 12
TAIL_MESSAGE_CHARACTERS = 1500


class Role(StrEnum):
    """Who speaks in the history."""

    USER = "user"
    ASSISTANT = "assistant"


class Message(Model):
    """One utterance of the history."""

    role: Role
    text: str


class Conversation(Record):
    """The thread's head; `tail` are its last messages, oldest first, each cut to TAIL_MESSAGE_CHARACTERS."""

    id: str
    owner_id: str
    bot_id: str | None = None
    persona_id: str | None = None
    title: str
    tail: tuple[Message, ...] = ()
    turns: int = 0
    created_at: datetime
    updated_at: datetime

    def with_exchange(self, question: str, answer: str, now: datetime) -> "Conversation":
        """The conversation after one more exchange, its tail still bounded."""
        said = (
            Message(role=Role.USER, text=question[:TAIL_MESSAGE_CHARACTERS]),
            Message(role=Role.ASSISTANT, text=answer[:TAIL_MESSAGE_CHARACTERS]),
        )
        tail = (*self.tail, *said)[-TAIL_MESSAGES:]
        return self.model_copy(update={"tail": tail, "turns": self.turns + 1, "updated_at": max(self.updated_at, now)})

    def after(self, turn: "Turn") -> "Conversation":
        """The conversation after a turn that has ended; one without an answer is only counted, for models read the tail."""
        if turn.answer:
            return self.with_exchange(turn.question, turn.answer, turn.updated_at)
        return self.model_copy(update={"turns": self.turns + 1, "updated_at": max(self.updated_at, turn.updated_at)})


class TurnStatus(StrEnum):
    """A turn's life; a running one whose lease has ended reads as interrupted."""

    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class Citation(Model):
    """Where an answer's claim stands. `verified`: the quote was found in the stored chunk, and `place` is the quote's own."""

    number: int
    document_id: str
    document_title: str
    chunk_id: str
    quote: str
    place: Place
    verified: bool


class TokenUsage(Model):
    """Tokens of one model call, as the model counted them or, where it did not say, as we estimated."""

    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)

    @property
    def total(self) -> int:
        """Both directions."""
        return self.prompt_tokens + self.completion_tokens


class ModelCall(Model):
    """A ledger entry: one call of one model and what it used."""

    model: str
    usage: TokenUsage
    estimated: bool = False
    finish_reason: str | None = Field(
        default=None, description="As of Completion: `length` tells of an answer cut short; null where the stream broke off."
    )


def usage_of(calls: Iterable[ModelCall]) -> TokenUsage:
    """The sum over the calls."""
    used = [call.usage for call in calls]
    return TokenUsage(
        prompt_tokens=sum(usage.prompt_tokens for usage in used), completion_tokens=sum(usage.completion_tokens for usage in used)
    )


class Turn(Record):
    """One question and its answer: the record behind the stream, and the query log."""

    id: str
    conversation_id: str
    owner_id: str
    bot_id: str | None = None
    bot_version: int | None = None
    bot_owner_id: str
    persona_id: str | None = None
    model: str
    question: str
    answer: str = ""
    found: bool | None = Field(default=None, description="Whether the knowledge held an answer; null where none was searched.")
    citations: tuple[Citation, ...] = ()
    calls: tuple[ModelCall, ...] = ()
    reserved_tokens: int = 0
    status: TurnStatus = TurnStatus.RUNNING
    error: str | None = None
    lease_until: datetime | None = None
    latency_ms: int | None = None
    first_token_ms: int | None = None
    created_at: datetime
    updated_at: datetime
    expire_at: datetime | None = None

    def seen_at(self, now: datetime) -> "Turn":
        """The turn as a reader should see it: one that runs without a lease was interrupted."""
        # Nobody is left to write the end of a turn whose instance died, so each reader draws the conclusion.
        abandoned = self.status is TurnStatus.RUNNING and (self.lease_until is None or self.lease_until < now)
        return self.model_copy(update={"status": TurnStatus.INTERRUPTED}) if abandoned else self
