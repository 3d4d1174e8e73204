"""When a step is due: never when done, at once when released or abandoned, later when somebody asked for it."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.document import DocumentStatus, Stage
from shared.domain.step import Step, StepKey, StepState

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)
KEY = StepKey(document_id="d", generation=2, stage=Stage.EMBED, shard=7)


@pytest.mark.parametrize(
    ("state", "lease_until", "retry_at", "due"),
    [
        (StepState.HELD, AFTER, None, False),
        (StepState.HELD, BEFORE, None, True),
        (StepState.RELEASED, None, None, True),
        (StepState.RELEASED, AFTER, BEFORE, True),
        (StepState.RELEASED, None, AFTER, False),
        (StepState.DONE, BEFORE, BEFORE, False),
    ],
)
def test_a_step_is_due(state, lease_until, retry_at, due):
    assert Step(key=KEY, state=state, lease_until=lease_until, retry_at=retry_at).is_due(NOW) is due


def test_step_ids_name_generation_stage_and_shard_and_sort_by_shard():
    assert KEY.id == "2-embed-00007"
    assert KEY.id < KEY.model_copy(update={"shard": 10}).id


def test_no_stage_has_anything_to_do_with_what_has_ended_or_is_being_deleted():
    final = [status for status in DocumentStatus if status.is_final]
    assert final == [DocumentStatus.READY, DocumentStatus.FAILED, DocumentStatus.DUPLICATE, DocumentStatus.DELETING]
