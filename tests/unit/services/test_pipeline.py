"""What stands around every stage's work: what is acknowledged, what is raised, what is published, and what the sweep drives."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import (
    ConflictError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    SynapseError,
    UnavailableError,
)
from shared.domain.document import Document, DocumentStatus, FailureCode, RejectedFileError, Stage
from shared.domain.pipeline import STEP_TRIES
from shared.domain.step import StageMessage, StepState
from shared.services.pipeline import WRITE_TRIES
from shared.services.steps import StepOutput
from tests.memory.interposed import Interposed
from tests.unit.services.learning import LEASE, MESSAGE, NOW, Bench, key_of


@pytest.fixture
def bench() -> Bench:
    return Bench()


class Work:
    """Answers its output or raises its error; counts its runs."""

    def __init__(self, output: StepOutput | None = None, error: BaseException | None = None) -> None:
        self.output = output or {}
        self.error = error
        self.runs = 0

    async def __call__(self, document: Document) -> StepOutput:
        self.runs += 1
        if self.error:
            raise self.error
        return self.output


async def run(bench: Bench, stage: Stage, work: Work, shard: int = 0, generation: int = 1) -> None:
    message = StageMessage(document_id="d1", generation=generation, shard=shard)
    await bench.pipeline.run(stage, message, "one", work)


async def test_a_message_for_a_document_that_is_gone_does_nothing(bench: Bench) -> None:
    work = Work()
    await run(bench, Stage.EXTRACT, work)
    assert (work.runs, bench.store.steps, bench.published()) == (0, {}, [])


@pytest.mark.parametrize("status", [DocumentStatus.FAILED, DocumentStatus.READY])
async def test_a_message_for_a_document_that_has_ended_does_nothing(bench: Bench, status: DocumentStatus) -> None:
    bench.put(status, due_at=None)
    work = Work()
    await run(bench, Stage.INDEX, work)
    assert (work.runs, bench.store.steps, bench.published()) == (0, {}, [])


async def test_a_message_of_an_older_generation_does_nothing(bench: Bench) -> None:
    bench.put(DocumentStatus.RECEIVED, generation=2)
    work = Work()
    await run(bench, Stage.EXTRACT, work, generation=1)
    assert (work.runs, bench.store.steps, bench.published()) == (0, {}, [])


async def test_a_document_that_ends_while_it_is_worked_on_stays_ended(bench: Bench) -> None:
    bench.put(DocumentStatus.EMBEDDING, extract=1, chunk=1, embed=1, index=1)

    async def work(document: Document) -> StepOutput:
        bench.put(DocumentStatus.FAILED, due_at=None)
        return {}

    await bench.pipeline.run(Stage.EMBED, MESSAGE, "one", work)
    assert (bench.document.status, bench.published()) == (DocumentStatus.FAILED, [])


async def test_one_of_many_shards_reports_its_progress(bench: Bench) -> None:
    bench.put(DocumentStatus.EXTRACTING, extract=3)
    await run(bench, Stage.EXTRACT, Work(), shard=2)
    assert bench.document.progress[Stage.EXTRACT].done == 1
    assert bench.document.due_at == NOW + timedelta(seconds=90)
    assert bench.published() == []


async def test_a_report_that_comes_after_the_document_has_moved_changes_nothing(bench: Bench) -> None:
    bench.put(DocumentStatus.EMBEDDING, extract=1, chunk=1, embed=3, index=3)

    async def move(moment: str) -> None:
        if moment == "after count_done":
            bench.put(DocumentStatus.INDEXING, extract=1, chunk=1, embed=3, index=3)

    slow = replace(bench.pipeline, ledger=Interposed(bench.pipeline.ledger, move))
    await slow.run(Stage.EMBED, MESSAGE, "one", Work())
    assert (bench.document.status, bench.document.progress[Stage.EMBED].done) == (DocumentStatus.INDEXING, 0)


async def test_the_last_shard_moves_the_document_on(bench: Bench) -> None:
    bench.put(DocumentStatus.EXTRACTING, extract=3)
    await bench.finish(Stage.EXTRACT, 0, 1)
    await run(bench, Stage.EXTRACT, Work(), shard=2)
    assert bench.document.status is DocumentStatus.CHUNKING
    assert bench.published() == [("chunk-document", 0)]


async def test_an_embedded_batch_asks_for_its_own_indexing(bench: Bench) -> None:
    bench.put(DocumentStatus.EMBEDDING, extract=1, chunk=1, embed=2, index=2)
    await run(bench, Stage.EMBED, Work(), shard=1)
    assert (bench.document.status, bench.published()) == (DocumentStatus.EMBEDDING, [("index-chunks", 1)])
    await run(bench, Stage.EMBED, Work(), shard=0)
    assert (bench.document.status, bench.published()) == (DocumentStatus.INDEXING, [("index-chunks", 0)])


async def test_the_last_indexed_batch_makes_the_generation_live(bench: Bench) -> None:
    bench.put(DocumentStatus.INDEXING, extract=1, chunk=1, embed=2, index=2)
    await run(bench, Stage.INDEX, Work(), shard=0)
    assert bench.document.live_generation == 0
    await run(bench, Stage.INDEX, Work(), shard=1)
    assert (bench.document.status, bench.document.live_generation) == (DocumentStatus.READY, 1)


async def test_a_redelivered_done_step_publishes_again_and_does_nothing_else(bench: Bench) -> None:
    bench.put(DocumentStatus.CHUNKING, extract=1, chunk=1)
    output = {"batches": 2, "chunks": 40}
    for _ in range(2):
        work = Work(output)
        await run(bench, Stage.CHUNK, work)
        assert bench.published() == [("embed-chunks", 0), ("embed-chunks", 1)]
    assert (work.runs, bench.document.status, bench.document.chunks) == (0, DocumentStatus.EMBEDDING, 40)


async def test_a_late_redelivery_does_not_stir_a_stage_that_is_long_over(bench: Bench) -> None:
    bench.put(DocumentStatus.EMBEDDING, extract=1, chunk=1, embed=2, index=2)
    await bench.finish(Stage.EXTRACT, 0)
    await run(bench, Stage.EXTRACT, Work())
    assert bench.published() == []


async def test_a_step_that_another_holds_is_acknowledged_and_left(bench: Bench) -> None:
    bench.put(DocumentStatus.CHUNKING, extract=1, chunk=1)
    await bench.hold(Stage.CHUNK, 0)
    work = Work()
    await run(bench, Stage.CHUNK, work)
    assert (work.runs, bench.published(), bench.document.status) == (0, [], DocumentStatus.CHUNKING)


@pytest.mark.parametrize("error", [UnavailableError("away"), InternalError("a defect"), ConflictError("another was first")])
async def test_what_may_pass_is_raised_and_the_document_goes_on(bench: Bench, error: SynapseError) -> None:
    bench.put(DocumentStatus.CHUNKING, extract=1, chunk=1)
    with pytest.raises(type(error)):
        await run(bench, Stage.CHUNK, Work(error=error))
    assert bench.document.status is DocumentStatus.CHUNKING


async def test_a_refused_file_fails_its_document_with_its_own_sentence(bench: Bench) -> None:
    bench.put(DocumentStatus.CHUNKING, extract=1, chunk=1)
    await run(bench, Stage.CHUNK, Work(error=RejectedFileError(FailureCode.NEEDS_OCR, "It is a scan.")))
    failure = bench.document.failure
    assert failure is not None
    assert (failure.code, failure.message, failure.can_retry) == (FailureCode.NEEDS_OCR, "It is a scan.", False)
    assert (bench.document.status, bench.published()) == (DocumentStatus.FAILED, [("notify-devices", 0)])


async def test_a_file_that_was_read_too_slowly_may_be_tried_again(bench: Bench) -> None:
    bench.put(DocumentStatus.RECEIVED)
    await run(bench, Stage.EXTRACT, Work(error=RejectedFileError(FailureCode.TOO_SLOW, "It takes too long to read.")))
    failure = bench.document.failure
    assert failure is not None
    assert (failure.code, failure.can_retry) == (FailureCode.TOO_SLOW, True)


@pytest.mark.parametrize("error", [NotFoundError("no such object"), InvalidArgumentError("the model refuses the text")])
async def test_an_error_that_cannot_pass_fails_the_document_and_hides_its_text(bench: Bench, error: SynapseError) -> None:
    bench.put(DocumentStatus.CHUNKING, extract=1, chunk=1)
    await run(bench, Stage.CHUNK, Work(error=error))
    failure = bench.document.failure
    assert failure is not None
    assert (failure.code, failure.can_retry) == (FailureCode.INTERNAL, True)
    assert error.message not in failure.message


async def test_a_quota_postpones_the_document_and_is_acknowledged(bench: Bench) -> None:
    bench.put(DocumentStatus.EMBEDDING, extract=1, chunk=1, embed=1, index=1)
    refusal = ResourceExhaustedError("slow down", retry_after_seconds=40)
    await run(bench, Stage.EMBED, Work(error=refusal))
    retry_at = NOW + timedelta(seconds=40)
    assert (bench.document.retry_at, bench.document.due_at) == (retry_at, retry_at)
    bench.now = retry_at - timedelta(seconds=1)
    await bench.pipeline.drive(bench.read)
    assert bench.published() == []
    bench.now = retry_at
    await bench.pipeline.drive(bench.read)
    assert bench.published() == [("embed-chunks", 0)]


async def test_a_defect_of_another_kind_passes_to_the_boundary(bench: Bench) -> None:
    bench.put(DocumentStatus.CHUNKING, extract=1, chunk=1)
    with pytest.raises(ZeroDivisionError):
        await run(bench, Stage.CHUNK, Work(error=ZeroDivisionError()))
    assert bench.document.status is DocumentStatus.CHUNKING


@pytest.mark.parametrize("moment", ["before publish", "after replace", "before count_done", "before replace"])
async def test_a_failure_after_the_work_is_healed_by_the_redelivery(bench: Bench, moment: str) -> None:
    bench.put(DocumentStatus.CHUNKING, extract=1, chunk=1)
    bench.hook.errors[moment] = [UnavailableError("away")]
    work = Work({"batches": 1, "chunks": 3})
    with pytest.raises(UnavailableError):
        await run(bench, Stage.CHUNK, work)
    await run(bench, Stage.CHUNK, work)
    assert (work.runs, bench.document.status) == (1, DocumentStatus.EMBEDDING)
    assert bench.published() == [("embed-chunks", 0)]


async def test_a_write_that_loses_a_few_times_is_tried_again(bench: Bench) -> None:
    bench.put(DocumentStatus.EXTRACTING, extract=1)
    bench.hook.errors["before replace"] = [ConflictError("another was first") for _ in range(WRITE_TRIES - 1)]
    await run(bench, Stage.EXTRACT, Work())
    assert bench.document.status is DocumentStatus.CHUNKING


async def test_a_write_that_always_loses_is_left_to_the_redelivery(bench: Bench) -> None:
    bench.put(DocumentStatus.EXTRACTING, extract=1)
    bench.hook.errors["before replace"] = [ConflictError("another was first") for _ in range(WRITE_TRIES)]
    with pytest.raises(ConflictError):
        await run(bench, Stage.EXTRACT, Work())
    await run(bench, Stage.EXTRACT, Work())
    assert bench.document.status is DocumentStatus.CHUNKING


async def test_a_plan_is_made_once_and_its_shards_are_asked_for(bench: Bench) -> None:
    bench.put(DocumentStatus.RECEIVED)
    await bench.pipeline.plan(bench.document, "application/pdf", 90, 3)
    assert (bench.document.content_type, bench.document.pages) == ("application/pdf", 90)
    assert bench.published() == [("extract-document", 1), ("extract-document", 2)]
    await bench.pipeline.plan(bench.document, "application/pdf", 90, 3)
    assert bench.published() == []


async def test_a_drive_asks_for_what_is_missing_and_looks_again_later(bench: Bench) -> None:
    bench.put(DocumentStatus.EXTRACTING, extract=3)
    await bench.finish(Stage.EXTRACT, 0)
    await bench.hold(Stage.EXTRACT, 1)
    await bench.pipeline.drive(bench.read)
    assert bench.published() == [("extract-document", 2)]
    assert bench.document.due_at == NOW + LEASE
    bench.now += LEASE
    await bench.pipeline.drive(bench.read)
    assert bench.published() == [("extract-document", 1), ("extract-document", 2)]


@pytest.mark.parametrize(
    ("status", "done", "shards", "now_is", "asks"),
    [
        (DocumentStatus.EXTRACTING, Stage.EXTRACT, 2, DocumentStatus.CHUNKING, [("chunk-document", 0)]),
        (DocumentStatus.CHUNKING, Stage.CHUNK, 1, DocumentStatus.EMBEDDING, [("embed-chunks", 0), ("embed-chunks", 1)]),
        (DocumentStatus.EMBEDDING, Stage.EMBED, 2, DocumentStatus.INDEXING, []),
        (DocumentStatus.EMBEDDING, Stage.INDEX, 2, DocumentStatus.READY, [("notify-devices", 0)]),
        (DocumentStatus.INDEXING, Stage.INDEX, 2, DocumentStatus.READY, [("notify-devices", 0)]),
    ],
)
async def test_a_drive_moves_on_a_document_whose_last_step_died_before_it_could(
    bench: Bench, status: DocumentStatus, done: Stage, shards: int, now_is: DocumentStatus, asks: list[Any]
) -> None:
    bench.put(status, extract=2, chunk=1, embed=2, index=2)
    await bench.finish(done, *range(shards), output={"batches": 2, "chunks": 40})
    await bench.pipeline.drive(bench.read)
    assert (bench.document.status, bench.published()) == (now_is, asks)


async def test_a_drive_gives_up_on_a_step_that_was_tried_too_often(bench: Bench) -> None:
    bench.put(DocumentStatus.CHUNKING, extract=1, chunk=1)
    for _ in range(STEP_TRIES):
        await bench.hold(Stage.CHUNK, 0)
        bench.now += LEASE
    await bench.pipeline.drive(bench.read)
    failure = bench.document.failure
    assert failure is not None
    assert (failure.code, failure.can_retry, bench.published()) == (FailureCode.INTERNAL, True, [("notify-devices", 0)])


async def test_a_revival_allows_as_many_tries_again(bench: Bench) -> None:
    bench.put(DocumentStatus.CHUNKING, extract=1, chunk=1, revivals=1)
    for _ in range(STEP_TRIES):
        await bench.hold(Stage.CHUNK, 0)
        bench.now += LEASE
    await bench.pipeline.drive(bench.read)
    assert (bench.document.status, bench.published()) == (DocumentStatus.CHUNKING, [("chunk-document", 0)])


async def test_a_drive_leaves_a_document_that_moves_by_itself(bench: Bench) -> None:
    bench.put(DocumentStatus.CHUNKING, extract=1, chunk=1)
    read = bench.read
    bench.put(DocumentStatus.EMBEDDING, extract=1, chunk=1, embed=1, index=1)
    with pytest.raises(ConflictError):
        await bench.pipeline.drive(read)
    assert bench.document.status is DocumentStatus.EMBEDDING


async def test_a_drive_of_a_huge_document_publishes_a_part_at_a_time(bench: Bench) -> None:
    bench.put(DocumentStatus.EMBEDDING, extract=1, chunk=1, embed=500, index=500)
    await bench.pipeline.drive(bench.read)
    assert len(bench.published()) == 128


async def test_the_step_of_a_failed_document_is_released(bench: Bench) -> None:
    bench.put(DocumentStatus.CHUNKING, extract=1, chunk=1)
    await run(bench, Stage.CHUNK, Work(error=RejectedFileError(FailureCode.EMPTY, "no text")))
    assert bench.store.steps["d1", key_of(Stage.CHUNK, 0).id].value.state is StepState.RELEASED
