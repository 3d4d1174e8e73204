"""A document as its owner is shown it: without the object's name, the owner's id and the sweep's own marks."""

from datetime import datetime
from enum import StrEnum

from shared.domain.base import Model
from shared.domain.document import Cost, Document, DocumentSource, DocumentStatus, Failure, Stage, StageProgress, Wait
from shared.domain.pipeline import stages_of
from shared.domain.web import Refresh


class Activity(StrEnum):
    """What happens to a document at the moment of reading.

    `waiting_for_capacity`: a provider's quota, until `retry_at`. `retrying`: a step failed and is tried again then, for the
    `attempt`th time. `stalled`: nothing has moved for longer than it should; it is looked after at `due_at`.
    """

    WAITING_FOR_UPLOAD = "waiting_for_upload"
    WORKING = "working"
    WAITING_FOR_CAPACITY = "waiting_for_capacity"
    RETRYING = "retrying"
    STALLED = "stalled"
    DONE = "done"
    FAILED = "failed"


def activity_of(document: Document, now: datetime) -> Activity:
    """Told from what is stored and the time alone, so that a page that listens to the document can do the same."""
    if document.status.is_final:
        return Activity.FAILED if document.status is DocumentStatus.FAILED else Activity.DONE
    if document.status is DocumentStatus.AWAITING_UPLOAD:
        return Activity.WAITING_FOR_UPLOAD
    if document.retry_at and document.retry_at > now:
        return Activity.WAITING_FOR_CAPACITY if document.wait is Wait.CAPACITY else Activity.RETRYING
    is_overdue = document.due_at is not None and document.due_at <= now
    return Activity.STALLED if document.stands_still or is_overdue else Activity.WORKING


class DocumentView(Model):
    """`activity` says whether it moves, waits or has ended; `retry_at` and `due_at` are set while there is something to wait for.

    `stage` runs now, and `progress` counts the shards of each planned stage. `generation` counts how often it was learned, the
    time that it is being learned included; searches answer from `live_generation`, which is 0 while none is whole. At
    `refresh_at` its address is looked at again; null: only when somebody asks.
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
    activity: Activity
    stage: Stage | None
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
    due_at: datetime | None
    refresh: Refresh
    refresh_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, document: Document, now: datetime) -> "DocumentView":
        """The view at a moment."""
        derived = {
            "activity": activity_of(document, now),
            "stage": next(iter(stages_of(document)), None),
            "refresh": document.web.refresh if document.web else Refresh.NEVER,
        }
        known = {name: getattr(document, name) for name in cls.model_fields if name not in derived}
        is_final = document.status.is_final
        if is_final or (document.retry_at and document.retry_at <= now):
            known["retry_at"] = None
        if is_final:
            # What is left to do is no business of the owner's: old generations to remove, devices to tell.
            known |= {"due_at": None, "attempt": 1}
        return cls(**derived, **known)
