"""The pure rules: what is published, what comes next, and when the sweep looks again."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import ending
from shared.domain import pipeline as rules
from shared.domain.document import Cost, Document, DocumentSource, DocumentStatus, Failure, FailureCode, Stage, StageProgress
from shared.domain.pipeline import Moment
from shared.domain.step import Step, StepKey, StepState

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
MOMENT = Moment(NOW, timedelta(seconds=90))
FAILURE = Failure(code=FailureCode.EMPTY, message="The file holds no text.")


def document(status: DocumentStatus = DocumentStatus.RECEIVED, **changes: Any) -> Document:
    known = {
        "id": "d1",
        "owner_id": "alice",
        "bot_id": "bot",
        "title": "a.txt",
        "content_type": "text/plain",
        "size_bytes": 10,
        "blob": "uploads/d1",
        "created_at": NOW,
        "updated_at": NOW,
        "due_at": NOW,
    }
    return Document(status=status, **{**known, **changes})


def planned(**shards: int) -> dict[Stage, StageProgress]:
    return {Stage(name): StageProgress(of=of) for name, of in shards.items()}


def step(stage: Stage, shard: int, state: StepState = StepState.DONE, **changes: Any) -> Step:
    return Step(key=StepKey(document_id="d1", generation=1, stage=stage, shard=shard), state=state, **changes)


def asked(publications: Iterable[rules.Publication]) -> list[tuple[str, int]]:
    return [(topic, message.shard) for topic, message in publications]


def test_an_upload_is_received_once() -> None:
    waiting = document(DocumentStatus.AWAITING_UPLOAD)
    received = rules.received(waiting, "md5", MOMENT)
    assert received is not None
    assert (received.status, received.content_hash, received.due_at) == (
        DocumentStatus.RECEIVED,
        "md5",
        NOW + timedelta(seconds=90),
    )
    assert asked(rules.opening(received)) == [("extract-document", 0)]
    assert rules.received(received, "md5", MOMENT) is None


def test_a_plan_is_made_once_and_asks_for_all_shards_but_its_own() -> None:
    extracting = rules.planned(document(), pages=90, shards=3, moment=MOMENT)
    assert extracting is not None
    assert (extracting.status, extracting.pages) == (DocumentStatus.EXTRACTING, 90)
    assert extracting.progress == planned(extract=3)
    assert asked(rules.opening(extracting)) == [("extract-document", 1), ("extract-document", 2)]
    assert rules.planned(extracting, pages=90, shards=4, moment=MOMENT) is None


def test_the_stages_follow_each_other_when_all_their_steps_are_done() -> None:
    extracting = document(DocumentStatus.EXTRACTING, progress=planned(extract=2))
    assert rules.advanced(extracting, Stage.EXTRACT, 1, {}, MOMENT) is None
    chunking = rules.advanced(extracting, Stage.EXTRACT, 2, {}, MOMENT)
    assert chunking is not None
    assert asked(rules.opening(chunking)) == [("chunk-document", 0)]
    embedding = rules.advanced(chunking, Stage.CHUNK, 1, {"batches": 2, "chunks": 40}, MOMENT)
    assert embedding is not None
    assert (embedding.status, embedding.chunks) == (DocumentStatus.EMBEDDING, 40)
    assert asked(rules.opening(embedding)) == [("embed-chunks", 0), ("embed-chunks", 1)]
    indexing = rules.advanced(embedding, Stage.EMBED, 2, {}, MOMENT)
    assert indexing is not None
    assert (indexing.status, rules.opening(indexing)) == (DocumentStatus.INDEXING, [])
    assert indexing.live_generation == 0


@pytest.mark.parametrize("status", [DocumentStatus.EMBEDDING, DocumentStatus.INDEXING])
def test_the_last_indexed_batch_makes_the_generation_live_whatever_is_shown(status: DocumentStatus) -> None:
    progress = planned(extract=2, chunk=1, embed=2, index=2)
    ready = rules.advanced(document(status, progress=progress), Stage.INDEX, 2, {}, MOMENT)
    assert ready is not None
    assert (ready.status, ready.live_generation, ready.due_at) == (DocumentStatus.READY, 1, NOW + ending.LONGEST_WAIT)
    assert all(part.done == part.of for part in ready.progress.values())
    assert (rules.stages_of(ready), [topic for topic, _ in rules.opening(ready)]) == ((), ["notify-devices"])


def test_an_ended_document_is_looked_at_until_its_devices_are_told_or_nobody_waits_for_the_word() -> None:
    failed = ending.failed(document(), FAILURE, NOW)
    assert failed is not None
    assert ending.at_rest(failed, NOW + timedelta(hours=23)).due_at is not None
    late = ending.at_rest(failed, NOW + ending.TELLING_LIFE)
    assert (late.due_at, late.untold) == (None, False)
    told = ending.told(failed, NOW)
    assert told is not None
    assert (told.due_at, rules.opening(told), ending.told(told, NOW)) == (None, [], None)


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({}, True),
        ({"parent_id": "mail"}, False),
        ({"source": DocumentSource.SITE}, True),
        ({"source": DocumentSource.SITE, "generation": 2}, False),
    ],
)
def test_nobody_is_told_of_what_nobody_waits_for(changes: dict[str, Any], is_told: object) -> None:
    failed = ending.failed(document(**changes), FAILURE, NOW)
    assert failed is not None
    assert failed.untold is is_told


def test_what_a_status_has_spent_is_counted_by_what_leaves_it_and_by_nothing_else() -> None:
    cost = Cost(embedded_texts=2, embedded_tokens=9)
    embedding = document(DocumentStatus.EMBEDDING, progress=planned(embed=1, index=1), cost=cost)
    moved = rules.advanced(embedding, Stage.EMBED, 1, {}, MOMENT, cost)
    assert moved is not None
    ready = rules.advanced(moved, Stage.INDEX, 1, {}, MOMENT, cost)
    assert ready is not None
    assert ready.cost == moved.cost == Cost(embedded_texts=4, embedded_tokens=18)


def test_a_new_live_generation_asks_for_the_purge_of_those_before_it_until_nothing_of_them_is_left() -> None:
    learned = document(DocumentStatus.INDEXING, generation=3, live_generation=1, progress=planned(index=1))
    ready = rules.advanced(learned, Stage.INDEX, 1, {}, MOMENT)
    assert ready is not None
    asked = [(topic, message.generation) for topic, message in rules.opening(ready)]
    assert asked == [("purge-generations", 3), ("notify-devices", 3)]
    assert ready.due_at is not None
    assert ending.at_rest(ready, NOW).due_at is not None
    told = ending.told(ready, NOW)
    purged = ending.without_old_generations(told, 3) if told else None
    assert purged is not None
    assert (purged.due_at, rules.opening(purged), ending.at_rest(purged, NOW).due_at) == (None, [], None)
    assert ending.without_old_generations(purged, 3) is None


def test_a_purge_leaves_a_document_that_is_being_learned_anew_to_its_stages() -> None:
    learning = document(DocumentStatus.EMBEDDING, generation=4, live_generation=3, due_at=NOW)
    purged = ending.without_old_generations(learning, 3)
    assert purged is not None
    assert (purged.purged_generation, purged.due_at) == (2, NOW)


def test_a_failure_after_a_new_live_generation_still_has_the_old_ones_purged() -> None:
    failed = ending.failed(document(DocumentStatus.EMBEDDING, generation=3, live_generation=2), ending.broke(), NOW)
    assert failed is not None
    assert failed.due_at is not None
    assert [topic for topic, _ in rules.opening(failed)] == ["purge-generations", "notify-devices"]


@pytest.mark.parametrize("status", DocumentStatus)
def test_only_what_was_learned_or_has_failed_can_be_learned_anew(status: DocumentStatus) -> None:
    relearned = rules.relearned(document(status, generation=2, live_generation=1, failure=ending.broke()), MOMENT)
    assert (relearned is not None) is (status in {DocumentStatus.READY, DocumentStatus.FAILED})
    if relearned:
        assert (relearned.status, relearned.generation, relearned.live_generation) == (DocumentStatus.RECEIVED, 3, 1)
        assert (relearned.failure, relearned.progress) == (None, {})
        assert [(topic, message.generation) for topic, message in rules.opening(relearned)] == [("extract-document", 3)]


def test_a_text_that_never_came_is_given_up_before_a_file_is() -> None:
    text, file = (document(DocumentStatus.AWAITING_UPLOAD, source=source) for source in ("text", "file"))
    assert rules.upload_expires_at(text) < NOW + timedelta(hours=1) < rules.upload_expires_at(file)
    assert ending.upload_expired(text).message != ending.upload_expired(file).message


def test_a_stage_that_is_over_or_to_come_advances_nothing() -> None:
    embedding = document(DocumentStatus.EMBEDDING, progress=planned(extract=2, chunk=1, embed=2, index=2))
    assert rules.advanced(embedding, Stage.EXTRACT, 2, {}, MOMENT) is None
    assert rules.advanced(document(), Stage.EXTRACT, 0, {}, MOMENT) is None
    assert rules.advanced(document(), Stage.INDEX, 9, {}, MOMENT) is None


def test_only_the_stage_right_before_is_followed() -> None:
    embedding = document(DocumentStatus.EMBEDDING)
    assert [stage for stage in Stage if rules.follows(embedding, stage)] == [Stage.CHUNK]
    assert [stage for stage in Stage if rules.follows(document(DocumentStatus.INDEXING), stage)] == [Stage.EMBED]
    assert [stage for stage in Stage if rules.follows(document(DocumentStatus.READY), stage)] == []


def test_what_nobody_works_on_is_asked_for_again() -> None:
    extracting = document(DocumentStatus.EXTRACTING, progress=planned(extract=6))
    later, before = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)
    known = [
        step(Stage.EXTRACT, 0),
        step(Stage.EXTRACT, 1, StepState.HELD, lease_until=later),
        step(Stage.EXTRACT, 2, StepState.HELD, lease_until=before),
        step(Stage.EXTRACT, 3, StepState.RELEASED, retry_at=later),
        step(Stage.EXTRACT, 4, StepState.RELEASED, retry_at=before),
    ]
    found = rules.missing(extracting, {Stage.EXTRACT: known}, NOW)
    assert asked(found) == [("extract-document", 2), ("extract-document", 4), ("extract-document", 5)]


def test_a_received_document_without_steps_asks_for_its_plan() -> None:
    assert asked(rules.missing(document(), {}, NOW)) == [("extract-document", 0)]


def test_a_batch_is_indexed_only_once_it_is_embedded() -> None:
    embedding = document(DocumentStatus.EMBEDDING, progress=planned(extract=1, chunk=1, embed=3, index=3))
    steps = {Stage.EMBED: [step(Stage.EMBED, 1), step(Stage.EMBED, 2, StepState.RELEASED)], Stage.INDEX: []}
    found = asked(rules.missing(embedding, steps, NOW))
    assert found == [("embed-chunks", 0), ("embed-chunks", 2), ("index-chunks", 1)]
    indexing = embedding.model_copy(update={"status": DocumentStatus.INDEXING})
    steps = {Stage.INDEX: [step(Stage.INDEX, 1)]}
    assert asked(rules.missing(indexing, steps, NOW)) == [("index-chunks", 0), ("index-chunks", 2)]


@pytest.mark.parametrize("status", [DocumentStatus.AWAITING_UPLOAD, DocumentStatus.READY, DocumentStatus.FAILED])
def test_nothing_is_asked_for_before_the_upload_and_after_the_end(status: DocumentStatus) -> None:
    assert list(rules.missing(document(status), {}, NOW)) == []
    assert rules.opening(document(status)) == []


@pytest.mark.parametrize(
    ("state", "attempt", "error", "worn_out"),
    [
        (StepState.RELEASED, rules.STEP_TRIES, "UNAVAILABLE", True),
        (StepState.RELEASED, rules.STEP_TRIES - 1, "UNAVAILABLE", False),
        (StepState.RELEASED, rules.STEP_TRIES, "RESOURCE_EXHAUSTED", False),
        (StepState.HELD, rules.STEP_TRIES, None, True),
        (StepState.DONE, rules.STEP_TRIES, None, False),
    ],
)
def test_a_step_is_worn_out_by_its_own_failures_alone(
    state: StepState, attempt: int, error: str | None, *, worn_out: bool
) -> None:
    steps = {Stage.EMBED: [step(Stage.EMBED, 0, state, attempt=attempt, error=error)]}
    assert rules.is_worn_out(document(), steps, NOW) is worn_out


@pytest.mark.parametrize(("attempt", "worn_out"), [(rules.PAGE_TRIES - 1, False), (rules.PAGE_TRIES, True)])
def test_a_server_that_always_asks_to_come_later_is_given_up(attempt: int, *, worn_out: bool) -> None:
    refused = {"attempt": attempt, "refusals": attempt - 1, "error": "RESOURCE_EXHAUSTED"}
    steps = {stage: [step(stage, 0, StepState.RELEASED, **refused)] for stage in (Stage.FETCH, Stage.EMBED)}
    assert rules.is_worn_out(document(), steps, NOW) is worn_out
    assert not rules.is_worn_out(document(), {Stage.EMBED: steps[Stage.EMBED]}, NOW)


def test_a_death_after_many_refusals_does_not_wear_a_step_out() -> None:
    refused = step(Stage.EMBED, 0, StepState.RELEASED, attempt=20, refusals=19, error="RESOURCE_EXHAUSTED")
    died = refused.claimed_again(step(Stage.EMBED, 0, StepState.HELD, lease_until=NOW))
    assert (died.attempt, died.refusals, died.faults) == (21, 20, 1)
    assert not rules.is_worn_out(document(), {Stage.EMBED: [died]}, NOW)


def test_a_live_lease_is_never_worn_out() -> None:
    held = step(Stage.EMBED, 0, StepState.HELD, attempt=99, lease_until=NOW + timedelta(seconds=1))
    assert not rules.is_worn_out(document(), {Stage.EMBED: [held]}, NOW)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30)))
def test_the_sweep_looks_later_the_longer_nothing_moves_but_never_too_late(age: timedelta) -> None:
    looked_at = rules.looked_at(document(updated_at=NOW - age), {}, MOMENT)
    assert looked_at.due_at is not None
    assert MOMENT.patience <= looked_at.due_at - NOW <= ending.LONGEST_WAIT


def test_the_sweep_looks_when_a_provider_allows_the_next_try() -> None:
    retry_at = NOW + timedelta(seconds=20)
    waiting = document(DocumentStatus.EMBEDDING, retry_at=retry_at)
    steps = {Stage.EMBED: [step(Stage.EMBED, 0, StepState.RELEASED, retry_at=retry_at)]}
    looked_at = rules.looked_at(waiting, steps, MOMENT)
    assert (looked_at.due_at, looked_at.retry_at) == (retry_at, retry_at)
    later = MOMENT._replace(now=retry_at)
    assert rules.looked_at(waiting, steps, later).retry_at is None


def test_the_sweep_looks_again_when_the_first_lease_ends() -> None:
    ends = [NOW + timedelta(seconds=seconds) for seconds in (50, 20, -5)]
    steps = {Stage.EXTRACT: [step(Stage.EXTRACT, shard, StepState.HELD, lease_until=end) for shard, end in enumerate(ends)]}
    looked_at = rules.looked_at(document(DocumentStatus.EXTRACTING), steps, MOMENT)
    assert looked_at.due_at == NOW + timedelta(seconds=20)


def test_a_document_is_postponed_by_the_longest_wait_that_was_told() -> None:
    retry_at = NOW + timedelta(seconds=20)
    postponed = rules.postponed(document(DocumentStatus.EMBEDDING), retry_at)
    assert postponed is not None
    assert (postponed.retry_at, postponed.due_at) == (retry_at, retry_at)
    assert rules.postponed(postponed, retry_at) is None
    assert rules.postponed(postponed, retry_at - timedelta(seconds=1)) is None
    assert rules.postponed(postponed, retry_at + timedelta(seconds=1)) is not None


def test_a_document_fails_once_and_never_after_it_is_ready() -> None:
    failed = ending.failed(document(), FAILURE, NOW)
    assert failed is not None
    assert (failed.status, failed.failure, failed.untold) == (DocumentStatus.FAILED, FAILURE, True)
    assert ending.failed(failed, FAILURE, NOW) is None
    assert ending.failed(document(DocumentStatus.READY), FAILURE, NOW) is None


def test_a_late_report_is_cleared_from_an_ended_document() -> None:
    late = document(DocumentStatus.READY, progress={Stage.EMBED: StageProgress(done=1, of=3)})
    rested = ending.at_rest(late, NOW)
    assert (rested.due_at, rested.progress) == (None, {Stage.EMBED: StageProgress(done=3, of=3)})
    failed = ending.at_rest(late.model_copy(update={"status": DocumentStatus.FAILED}), NOW)
    assert (failed.due_at, failed.progress) == (None, late.progress)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=10)))
def test_an_upload_is_looked_for_until_it_expires(age: timedelta) -> None:
    waiting = document(DocumentStatus.AWAITING_UPLOAD, created_at=NOW - age)
    look = rules.next_upload_look(waiting, NOW)
    assert timedelta(minutes=2) <= look - NOW <= timedelta(hours=6)
    assert look <= max(rules.upload_expires_at(waiting), NOW + timedelta(minutes=2))


@pytest.mark.parametrize(
    ("status", "stage", "shard", "expected"),
    [
        (DocumentStatus.RECEIVED, Stage.EXTRACT, 0, True),
        (DocumentStatus.RECEIVED, Stage.EXTRACT, 1, False),
        (DocumentStatus.RECEIVED, Stage.CHUNK, 0, False),
        (DocumentStatus.AWAITING_UPLOAD, Stage.EXTRACT, 0, False),
        (DocumentStatus.CHUNKING, Stage.EXTRACT, 1, True),
        (DocumentStatus.CHUNKING, Stage.EXTRACT, 2, False),
        (DocumentStatus.CHUNKING, Stage.FETCH, 0, False),
    ],
)
def test_a_step_that_the_plan_does_not_hold_is_none(status: DocumentStatus, stage: Stage, shard: int, expected: object) -> None:
    progress = {Stage.EXTRACT: StageProgress(of=2)} if status is DocumentStatus.CHUNKING else {}
    assert rules.is_planned(document(status, progress=progress), stage, shard) is expected
