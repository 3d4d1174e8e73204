"""A conversation is a thread of turns; it keeps a bounded tail of them, so that history costs one read."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from shared.core.ids import own_part
from shared.domain.base import Model, Record
from shared.domain.chunk import Place
from shared.domain.plan import Reservation
from shared.domain.receipt import KEPT, Receipt, ReceiptState

# At most 18,000 characters: history costs one read, and the head stays far below the 1 MiB of a Firestore document.
TAIL_MESSAGES = 12
TAIL_MESSAGE_CHARACTERS = 1500


class Role(StrEnum):
    """Who speaks in the history."""

    USER = "user"
    ASSISTANT = "assistant"


class Message(Model):
    """One utterance of the history; `turn_id` is null in what was stored before turns had branches."""

    role: Role
    text: str
    turn_id: str | None = None


class Conversation(Record):
    """The thread's head; `tail` are the last messages of its active branch, oldest first, each cut to TAIL_MESSAGE_CHARACTERS.

    `link` is the secret half through which a visitor came to a shared bot. One with `deleted_at` reads as missing everywhere.
    """

    id: str
    owner_id: str
    bot_id: str | None = None
    persona_id: str | None = None
    link: str | None = None
    title: str
    tail: tuple[Message, ...] = ()
    active_turn_id: str | None = None
    turns: int = 0
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    expire_at: datetime | None = None

    def path_to(self, turn_id: str | None) -> tuple[Message, ...] | None:
        """What was said from the first turn to this one, as far as the tail goes back; None where the tail does not hold it."""
        if turn_id is None:
            return ()
        if turn_id == self.active_turn_id:
            return self.tail
        last = max((number for number, said in enumerate(self.tail, 1) if said.turn_id == turn_id), default=None)
        return None if last is None else self.tail[:last]

    def after(self, turn: "Turn", path: Sequence[Message] = ()) -> "Conversation":
        """The conversation after a turn that has ended; one without an answer is only counted, for models read the tail.

        `path` is what was said up to the turn's parent, for a branch whose parent the tail no longer holds.
        """
        change = {"updated_at": max(self.updated_at, turn.updated_at), "expire_at": self._kept_until(turn)}
        if turn.settlements > 1:
            return self.model_copy(update={**change, "tail": self._completed(turn)})
        before = self._before(turn, path)
        tail = (*before, *exchange_of(turn))[-TAIL_MESSAGES:]
        return self.model_copy(update={**change, "tail": tail, "turns": self.turns + 1, "active_turn_id": turn.id})

    def _kept_until(self, turn: "Turn") -> datetime | None:
        """As long as the longest kept of its turns: its tail and its title are their words."""
        return max(self.expire_at, turn.expire_at) if self.expire_at and turn.expire_at else turn.expire_at

    def _before(self, turn: "Turn", path: Sequence[Message]) -> Sequence[Message]:
        # Turns that were asked at once are siblings by no one's wish: the next one should know of them all.
        if not turn.is_branch:
            return self.tail
        known = self.path_to(turn.parent_turn_id)
        return path if known is None else known

    def _completed(self, turn: "Turn") -> tuple[Message, ...]:
        """The tail with the turn's better answer in the place of its first; a turn that said nothing then is added while last."""
        said = [message.turn_id for message in self.tail]
        if turn.id not in said:
            is_last = turn.id == self.active_turn_id
            return (*self.tail, *exchange_of(turn))[-TAIL_MESSAGES:] if is_last else self.tail
        answer = exchange_of(turn)[-1:]
        place = len(said) - 1 - said[::-1].index(turn.id)
        return (*self.tail[:place], *answer, *self.tail[place + 1 :])


class TurnStatus(StrEnum):
    """A turn's life; a running one whose lease has ended reads as interrupted."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


Rating = Literal["up", "down"]


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
    """One question and its answer: the record behind the stream, and the query log.

    `holder` is who runs it, random for each attempt; `attempt` counts how often a model was set to it, `settlements` how often it
    ended. `is_branch` says that its parent was chosen, and not merely the last turn when it was asked.
    """

    id: str
    conversation_id: str
    parent_turn_id: str | None = None
    is_branch: bool = False
    owner_id: str
    bot_id: str | None = None
    bot_version: int | None = None
    bot_owner_id: str
    link: str | None = None
    persona_id: str | None = None
    model: str
    question: str
    fingerprint: str | None = Field(default=None, description="Of the request, where it came under an idempotency key.")
    answer: str = ""
    found: bool | None = Field(default=None, description="Whether the knowledge held an answer; null where none was searched.")
    citations: tuple[Citation, ...] = ()
    calls: tuple[ModelCall, ...] = ()
    reserved_tokens: int = 0
    reserved_at: datetime | None = Field(default=None, description="Null: with the turn's creation.")
    charged_tokens: int = Field(default=0, description="What the attempts before this one were charged.")
    status: TurnStatus = TurnStatus.RUNNING
    error: str | None = None
    holder: str = ""
    attempt: int = 1
    settlements: int = 0
    lease_until: datetime | None = None
    stop_requested_at: datetime | None = None
    rating: Rating | None = None
    comment: str | None = None
    rated_at: datetime | None = None
    latency_ms: int | None = None
    first_token_ms: int | None = None
    created_at: datetime
    updated_at: datetime
    expire_at: datetime | None = None

    @property
    def reservation(self) -> Reservation:
        """What its running attempt set aside."""
        return Reservation(owner_id=self.bot_owner_id, at=self.reserved_at or self.created_at, tokens=self.reserved_tokens)

    @property
    def receipt(self) -> Receipt | None:
        """What binds its idempotency key: its id's own part, which is derived from caller and key whatever the conversation."""
        if self.fingerprint is None:
            return None
        return Receipt(
            id=own_part(self.id),
            fingerprint=self.fingerprint,
            state=ReceiptState.DONE,
            holder=self.holder,
            lease_until=self.created_at,
            answer=self.id,
            expire_at=self.created_at + KEPT,
        )

    @property
    def used_tokens(self) -> int:
        """What the last attempt has used, as far as it is recorded."""
        return usage_of(self.calls).total - self.charged_tokens

    def is_held(self, now: datetime) -> bool:
        """Whether somebody runs it: it has not ended, and its lease neither."""
        return self.status is TurnStatus.RUNNING and self.lease_until is not None and self.lease_until >= now

    def seen_at(self, now: datetime) -> "Turn":
        """The turn as a reader should see it: one that runs without a lease was interrupted."""
        # Nobody writes the end of a turn whose instance died until the sweep does, so each reader draws the conclusion.
        abandoned = self.status is TurnStatus.RUNNING and not self.is_held(now)
        return self.model_copy(update={"status": TurnStatus.INTERRUPTED}) if abandoned else self

    def abandoned(self, holder: str, now: datetime, status: TurnStatus = TurnStatus.INTERRUPTED) -> "Turn":
        """The end of a turn whose holder is gone: what its last checkpoint holds. `holder` is who found it so."""
        status = TurnStatus.STOPPED if self.stop_requested_at else status
        ended = {"status": status, "holder": holder, "lease_until": None, "updated_at": now}
        return self.model_copy(update={**ended, "settlements": self.settlements + 1})

    def keeping_longer(self, earlier: "Turn") -> "Turn":
        """The turn with the longer of the two answers: a second attempt that broke off takes nothing from the reader."""
        if len(self.answer) >= len(earlier.answer):
            return self
        kept = {"answer": earlier.answer, "citations": earlier.citations, "found": earlier.found}
        return self.model_copy(update=kept)


def exchange_of(turn: Turn) -> tuple[Message, ...]:
    """Question and answer as the history holds them; nothing of a turn that has no answer."""
    if not turn.answer:
        return ()
    said = ((Role.USER, turn.question), (Role.ASSISTANT, turn.answer))
    return tuple(Message(role=role, text=text[:TAIL_MESSAGE_CHARACTERS], turn_id=turn.id) for role, text in said)
