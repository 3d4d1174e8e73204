"""How a document ends, in success or failure, and what is left to do once it has: its devices, its old generations."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.domain.document import Document, DocumentSource, DocumentStatus, Failure, FailureCode, Stage, StageProgress

LONGEST_WAIT = timedelta(minutes=15)
"""How long the sweep leaves a document alone, at most, that may have lost a message."""

TELLING_LIFE = timedelta(days=1)
"""How long it is tried to tell devices of an end; later nobody waits for the word."""

AFRESH: Mapping[str, Any] = {"attempt": 1, "retry_at": None, "wait": None, "stands_still": False, "untold": False}
"""What a document that moves has left behind."""


def live(document: Document, now: datetime, **changes: Any) -> Document:
    """The document whose generation is whole, and what searches see from now on."""
    changes |= {"live_generation": document.generation, "progress": _whole(document.progress)}
    return _ended(document, DocumentStatus.READY, now, **changes)


def failed(document: Document, failure: Failure, now: datetime) -> Document | None:
    """The document that ends here; None for one that has ended."""
    if document.status.is_final:
        return None
    return _ended(document, DocumentStatus.FAILED, now, failure=failure)


def told(document: Document, now: datetime) -> Document | None:
    """The ended document whose owner's devices know of it; None where they knew, or it is on its way again."""
    if not document.untold or not document.status.is_final:
        return None
    # A late report of its progress may have come before; this write takes away the look that would clear it.
    return at_rest(document.model_copy(update={"untold": False}), now)


def without_old_generations(document: Document, live_generation: int) -> Document | None:
    """The document of which nothing before that live generation is kept; None where that was known before."""
    if document.purged_generation >= live_generation - 1:
        return None
    purged = document.model_copy(update={"purged_generation": live_generation - 1})
    is_at_rest = purged.status.is_final and not purged.has_old_generations and not purged.untold
    return purged.model_copy(update={"due_at": None}) if is_at_rest else purged


def upload_expired(document: Document) -> Failure:
    """The failure of a document whose bytes did not come in time."""
    if document.source is DocumentSource.TEXT:
        return Failure(code=FailureCode.UPLOAD_EXPIRED, message="The text was not kept. Send it again.")
    message = "The upload was not finished within seven days. Upload the file again."
    return Failure(code=FailureCode.UPLOAD_EXPIRED, message=message)


def broke(
    message: str = "Something broke on our side while the file was learned. Try it again; if it fails again, tell us.",
) -> Failure:
    """The failure that is our fault."""
    return Failure(code=FailureCode.INTERNAL, message=message, can_retry=True)


def worn_out(document: Document) -> Failure:
    """The failure of what was tried too often: the page's server's, where it is the page that did not come."""
    if document.status is not DocumentStatus.FETCHING:
        return broke()
    message = "The page's server did not answer properly, though it was asked again and again. Submit the address again later."
    return Failure(code=FailureCode.FETCH_FAILED, message=message, can_retry=True)


def at_rest(document: Document, now: datetime) -> Document:
    """The ended document without what a late report of its progress may have left on it."""
    progress = _whole(document.progress) if document.status is DocumentStatus.READY else document.progress
    untold = document.untold and now < document.updated_at + TELLING_LIFE
    rested = document.model_copy(update={**AFRESH, "untold": untold, "progress": progress})
    return rested.model_copy(update={"due_at": _next_look(rested, now)})


def _next_look(ended: Document, now: datetime) -> datetime | None:
    """None, unless the message that asks for the purge of old generations, or for its devices to be told, may be lost."""
    return now + LONGEST_WAIT if ended.has_old_generations or ended.untold else None


def _is_to_be_told(ended: Document) -> bool:
    """Nobody waits for what was found in another document, nor for the next walk through a site."""
    if ended.parent_id is not None or ended.status not in {DocumentStatus.READY, DocumentStatus.FAILED}:
        return False
    return ended.source is not DocumentSource.SITE or ended.generation == 1


def _whole(progress: Mapping[Stage, StageProgress]) -> dict[Stage, StageProgress]:
    return {stage: StageProgress(done=part.of, of=part.of) for stage, part in progress.items()}


def _ended(document: Document, status: DocumentStatus, now: datetime, **changes: Any) -> Document:
    ended = document.model_copy(update={**AFRESH, "status": status, "updated_at": now, **changes})
    ended = ended.model_copy(update={"untold": _is_to_be_told(ended)})
    return ended.model_copy(update={"due_at": _next_look(ended, now)})
