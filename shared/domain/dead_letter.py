"""A message that no delivery could finish, kept so that a person can see why and have it tried again."""

from datetime import datetime, timedelta

from pydantic import BaseModel, Field, ValidationError

from shared.core.ids import is_id
from shared.domain.base import Model, Record
from shared.domain.blob import document_of
from shared.domain.document import Document, DocumentStatus, Failure, Stage
from shared.domain.pipeline import TOPICS
from shared.domain.step import StageMessage

LETTER_LIFE = timedelta(days=90)
"""How long a letter is kept."""

_STAGES = {topic: stage for stage, topic in TOPICS.items()}


class DeadLetter(Record):
    """One dead message; `id` is the message's own, so that a redelivery records it once."""

    id: str
    topic: str
    body: str
    attributes: dict[str, str]
    document_id: str | None
    error: str | None = Field(default=None, description="What the step that it asked for failed with last.")
    delivery_attempts: int
    recorded_at: datetime
    replayed_at: datetime | None = Field(default=None, description="When it was last published again.")
    expire_at: datetime | None = None


class DeadLetterView(Model):
    """A letter as an administrator sees it, with what has become of its document; both are null where it is gone."""

    id: str
    topic: str
    body: str
    delivery_attempts: int
    error: str | None
    document_id: str | None
    document_status: DocumentStatus | None
    document_failure: Failure | None
    recorded_at: datetime
    replayed_at: datetime | None

    @classmethod
    def of(cls, letter: DeadLetter, document: Document | None) -> "DeadLetterView":
        """The view beside the document as it is now."""
        known = {name: getattr(letter, name) for name in cls.model_fields if not name.startswith("document_")}
        status, failure = (document.status, document.failure) if document else (None, None)
        return cls(**known, document_id=letter.document_id, document_status=status, document_failure=failure)


class _Body(BaseModel):
    """What either kind of message may say: a stage's ids, or the name of an uploaded object."""

    document_id: str = ""
    generation: int = 1
    shard: int = 0
    name: str = ""


def stage_of(topic: str) -> Stage | None:
    """The stage behind a topic."""
    return _STAGES.get(topic)


def asked_of(body: str) -> StageMessage | None:
    """The step or upload that a message was about; None where it names no document."""
    try:
        found = _Body.model_validate_json(body)
        if is_id(found.document_id):
            return StageMessage(document_id=found.document_id, generation=found.generation, shard=found.shard)
    except ValidationError:
        return None
    uploaded = document_of(found.name)  # The object's own generation is another number; an upload makes the document's first.
    return StageMessage(document_id=uploaded, generation=1) if uploaded else None
