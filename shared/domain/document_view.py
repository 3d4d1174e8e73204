"""A document as its owner is shown it: without the object's name, the owner's id and the sweep's schedule."""

from datetime import datetime

from shared.domain.base import Model
from shared.domain.document import Cost, Document, DocumentSource, DocumentStatus, Failure, Stage, StageProgress


class DocumentView(Model):
    """`retry_at` is set while a provider makes us wait; `progress` counts the shards of each planned stage.

    `generation` counts how often it was learned, the time that it is being learned included; searches answer from
    `live_generation`, which is 0 while none is whole.
    """

    id: str
    bot_id: str
    title: str
    source: DocumentSource
    content_type: str
    size_bytes: int
    url: str | None
    parent_id: str | None
    duplicate_of: str | None
    status: DocumentStatus
    is_ready: bool
    generation: int
    live_generation: int
    failure: Failure | None
    progress: dict[Stage, StageProgress]
    pages: int | None
    chunks: int | None
    cost: Cost
    notes: tuple[str, ...]
    attempt: int
    retry_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, document: Document, now: datetime) -> "DocumentView":
        """The view at a moment."""
        known = {name: getattr(document, name) for name in cls.model_fields}
        if document.retry_at and document.retry_at <= now:
            known["retry_at"] = None
        return cls(**known)
