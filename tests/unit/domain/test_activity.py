"""What happens to a document is told from what is stored and the time alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.document import DocumentStatus, Stage, Wait
from shared.domain.document_view import Activity, DocumentView, activity_of
from tests.contracts.records import document

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SOON = NOW + timedelta(seconds=30)
PAST = NOW - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("status", "changes", "activity"),
    [
        (DocumentStatus.AWAITING_UPLOAD, {"due_at": PAST}, Activity.WAITING_FOR_UPLOAD),
        (DocumentStatus.EMBEDDING, {}, Activity.WORKING),
        (DocumentStatus.EMBEDDING, {"retry_at": SOON, "wait": Wait.CAPACITY}, Activity.WAITING_FOR_CAPACITY),
        (DocumentStatus.EMBEDDING, {"retry_at": PAST, "wait": Wait.CAPACITY}, Activity.WORKING),
        (
            DocumentStatus.EMBEDDING,
            {"retry_at": SOON, "wait": Wait.CAPACITY, "stands_still": True},
            Activity.WAITING_FOR_CAPACITY,
        ),
        (DocumentStatus.EMBEDDING, {"retry_at": SOON, "wait": Wait.RETRY, "attempt": 2}, Activity.RETRYING),
        (DocumentStatus.EMBEDDING, {"stands_still": True}, Activity.STALLED),
        (DocumentStatus.EMBEDDING, {"due_at": NOW}, Activity.STALLED),
        (DocumentStatus.READY, {"due_at": PAST, "retry_at": SOON}, Activity.DONE),
        (DocumentStatus.DUPLICATE, {}, Activity.DONE),
        (DocumentStatus.FAILED, {"retry_at": SOON}, Activity.FAILED),
    ],
)
def test_a_document_waits_moves_or_has_ended(status: DocumentStatus, changes: dict[str, Any], activity: Activity) -> None:
    assert activity_of(document(status=status, **{"due_at": SOON, **changes}), NOW) is activity


def test_the_stage_that_runs_is_shown_and_none_after_the_end() -> None:
    assert DocumentView.of(document(status=DocumentStatus.EMBEDDING), NOW).stage is Stage.EMBED
    late = document(status=DocumentStatus.FAILED, due_at=SOON, retry_at=SOON, attempt=4)
    shown = DocumentView.of(late, NOW)
    assert (shown.stage, shown.due_at, shown.retry_at, shown.attempt) == (None, None, None, 1)
