"""The ledger's protocol in every case of its state machine: first, replay, held, lease ended or lost, failures on each side."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.core.errors import InternalError, ResourceExhaustedError, SynapseError, UnavailableError
from shared.domain.document import FailureCode, RejectedFileError, Stage
from shared.domain.step import Step, StepKey, StepState
from shared.services.steps import UNTOLD_WAIT, StepOutput, retry_at, run_step
from tests.memory.interposed import Interposed, Raises
from tests.memory.ledger import MemoryLedger

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
KEY = StepKey(document_id="d1", generation=1, stage=Stage.EXTRACT, shard=3)
OUTPUT = {"pages": 4}


class Work:
    """Counts its runs; waits for `gate` where there is one, and raises `error` where there is one."""

    def __init__(self, error: BaseException | None = None, gate: asyncio.Event | None = None) -> None:
        self.error = error
        self.gate = gate
        self.runs = 0
        self.cancelled = False

    async def __call__(self) -> StepOutput:
        self.runs += 1
        if self.gate:
            await self._wait(self.gate)
        if self.error:
            raise self.error
        return OUTPUT

    async def _wait(self, gate: asyncio.Event) -> None:
        try:
            await gate.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


class Beats(Raises):
    """Also tells who waits for it of each heartbeat."""

    def __init__(self) -> None:
        super().__init__()
        self.prolonged: asyncio.Queue[None] = asyncio.Queue()

    async def __call__(self, moment: str) -> None:
        await super().__call__(moment)
        if moment == "after prolong":
            self.prolonged.put_nowait(None)


class Bench:
    """One step of one ledger, with a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.memory = MemoryLedger()
        self.hook = Beats()
        self.ledger: Any = Interposed(self.memory, self.hook)
        self.now = NOW

    async def run(self, work: Work, holder: str = "one", lease_seconds: float = 60) -> StepOutput | None:
        return await run_step(self.ledger, KEY, work, lambda: self.now, lease_seconds, holder)

    @property
    def step(self) -> Step:
        return self.memory.store.steps["d1", KEY.id].value

    async def claimed_by(self, holder: str) -> None:
        await self.memory.claim(KEY, holder, self.now, self.now + timedelta(seconds=60))

    async def beats(self, count: int) -> None:
        """Wait for so many heartbeats more."""
        for _ in range(count):
            await self.hook.prolonged.get()


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_first_claim_does_the_work_and_stores_its_output(bench: Bench) -> None:
    work = Work()
    assert await bench.run(work) == OUTPUT
    assert (bench.step.state, bench.step.output, work.runs) == (StepState.DONE, OUTPUT, 1)


async def test_a_done_step_answers_its_stored_output_without_the_work(bench: Bench) -> None:
    await bench.run(Work())
    again = Work()
    assert await bench.run(again, holder="two") == OUTPUT
    assert again.runs == 0


async def test_an_empty_output_replays_as_itself_and_not_as_held(bench: Bench) -> None:
    claim = await bench.memory.claim(KEY, "one", NOW, NOW + timedelta(seconds=60))
    await bench.memory.complete(claim, {}, NOW)
    assert await bench.run(Work()) == {}


async def test_a_step_that_another_holds_is_left_alone(bench: Bench) -> None:
    await bench.claimed_by("another")
    work = Work()
    assert await bench.run(work) is None
    assert (work.runs, bench.step.holder) == (0, "another")


async def test_a_step_whose_lease_has_ended_is_taken_over(bench: Bench) -> None:
    await bench.claimed_by("dead")
    bench.now += timedelta(seconds=60)
    assert await bench.run(Work()) == OUTPUT
    assert (bench.step.holder, bench.step.attempt) == ("one", 2)


async def test_of_many_claims_at_once_one_does_the_work(bench: Bench) -> None:
    gate = asyncio.Event()
    works = [Work(gate=gate) for _ in range(20)]
    runs = [asyncio.create_task(bench.run(work, holder=str(number))) for number, work in enumerate(works)]
    await asyncio.sleep(0)
    gate.set()
    answers = await asyncio.gather(*runs)
    assert sum(work.runs for work in works) == 1
    assert sorted(answer is None for answer in answers) == [False] + [True] * 19


async def test_the_lease_is_prolonged_while_the_work_runs(bench: Bench) -> None:
    gate = asyncio.Event()
    run = asyncio.create_task(bench.run(Work(gate=gate), lease_seconds=0.003))
    await bench.beats(1)
    bench.now += timedelta(minutes=1)
    await bench.beats(2)
    assert bench.step.lease_until == bench.now + timedelta(seconds=0.003)
    gate.set()
    assert await run == OUTPUT
    assert bench.step.state is StepState.DONE


async def test_a_lost_lease_cancels_the_work_and_ends_quietly(bench: Bench) -> None:
    work = Work(gate=asyncio.Event())
    run = asyncio.create_task(bench.run(work, lease_seconds=0.003))
    await bench.beats(1)
    bench.now += timedelta(minutes=1)
    await bench.claimed_by("another")
    assert await run is None
    assert (work.cancelled, bench.step.holder, bench.step.state) == (True, "another", StepState.HELD)


async def test_a_lease_lost_just_before_the_end_leaves_the_step_to_its_new_holder(bench: Bench) -> None:
    gate = asyncio.Event()
    run = asyncio.create_task(bench.run(Work(gate=gate)))
    await asyncio.sleep(0)
    bench.now += timedelta(minutes=1)
    await bench.claimed_by("another")
    gate.set()
    assert await run is None
    assert (bench.step.holder, bench.step.state) == ("another", StepState.HELD)


async def test_a_heartbeat_that_the_store_refuses_is_tried_again(bench: Bench) -> None:
    gate = asyncio.Event()
    bench.hook.errors["before prolong"] = [UnavailableError("away"), UnavailableError("away")]
    run = asyncio.create_task(bench.run(Work(gate=gate), lease_seconds=0.003))
    await bench.beats(1)
    gate.set()
    assert await run == OUTPUT


async def test_a_transient_failure_releases_the_step_and_passes_through(bench: Bench) -> None:
    work = Work(UnavailableError("the model is away"))
    with pytest.raises(UnavailableError, match="the model is away"):
        await bench.run(work)
    assert (bench.step.state, bench.step.error, bench.step.retry_at) == (
        StepState.RELEASED,
        "UNAVAILABLE",
        NOW + timedelta(seconds=5),
    )
    assert await bench.run(Work()) == OUTPUT


async def test_a_refused_file_releases_the_step_and_passes_through(bench: Bench) -> None:
    with pytest.raises(RejectedFileError, match="no text"):
        await bench.run(Work(RejectedFileError(FailureCode.EMPTY, "no text")))
    assert bench.step.state is StepState.RELEASED


async def test_a_quota_releases_the_step_until_the_provider_allows_it(bench: Bench) -> None:
    with pytest.raises(ResourceExhaustedError):
        await bench.run(Work(ResourceExhaustedError("slow down", retry_after_seconds=90)))
    assert (bench.step.error, bench.step.retry_at) == ("RESOURCE_EXHAUSTED", NOW + timedelta(seconds=90))
    assert not bench.step.is_due(NOW + timedelta(seconds=89))


async def test_a_defect_releases_the_step_under_its_own_name(bench: Bench) -> None:
    with pytest.raises(ZeroDivisionError):
        await bench.run(Work(ZeroDivisionError()))
    assert (bench.step.state, bench.step.error) == (StepState.RELEASED, "ZeroDivisionError")


async def test_a_cancelled_run_releases_the_step_and_cancels_the_work(bench: Bench) -> None:
    work = Work(gate=asyncio.Event())
    run = asyncio.create_task(bench.run(work))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert (work.cancelled, bench.step.state, bench.step.error) == (True, StepState.RELEASED, "CancelledError")


async def test_a_store_that_fails_at_the_claim_begins_no_work(bench: Bench) -> None:
    bench.hook.errors["before claim"] = [UnavailableError("away")]
    work = Work()
    with pytest.raises(UnavailableError):
        await bench.run(work)
    assert (work.runs, bench.memory.store.steps) == (0, {})


async def test_a_claim_whose_answer_is_lost_is_free_once_its_lease_ends(bench: Bench) -> None:
    bench.hook.errors["after claim"] = [UnavailableError("away")]
    with pytest.raises(UnavailableError):
        await bench.run(Work())
    assert await bench.run(Work()) is None
    bench.now += timedelta(seconds=60)
    assert await bench.run(Work()) == OUTPUT


async def test_a_store_that_fails_at_completion_gives_the_step_back(bench: Bench) -> None:
    bench.hook.errors["before complete"] = [UnavailableError("away")]
    with pytest.raises(UnavailableError):
        await bench.run(Work())
    assert bench.step.state is StepState.RELEASED
    assert await bench.run(Work()) == OUTPUT


async def test_a_completion_whose_answer_is_lost_stays_done(bench: Bench) -> None:
    bench.hook.errors["after complete"] = [UnavailableError("away")]
    with pytest.raises(UnavailableError):
        await bench.run(Work())
    assert bench.step.state is StepState.DONE
    again = Work()
    assert await bench.run(again) == OUTPUT
    assert again.runs == 0


async def test_a_store_that_fails_at_the_release_does_not_hide_the_reason(bench: Bench) -> None:
    bench.hook.errors["before release"] = [UnavailableError("the store is away")]
    with pytest.raises(InternalError, match="the reason"):
        await bench.run(Work(InternalError("the reason")))
    assert bench.step.state is StepState.HELD


@pytest.mark.parametrize(
    ("error", "attempt", "wait"),
    [
        (UnavailableError("away"), 1, timedelta(seconds=5)),
        (UnavailableError("away"), 4, timedelta(seconds=40)),
        (UnavailableError("away"), 40, timedelta(minutes=10)),
        (ResourceExhaustedError("slow down", retry_after_seconds=7), 9, timedelta(seconds=7)),
        (ResourceExhaustedError("slow down", retry_after_seconds=0), 9, timedelta(0)),
        (ResourceExhaustedError("slow down"), 9, UNTOLD_WAIT),
    ],
)
def test_a_failed_step_waits_twice_as_long_each_time_or_as_the_provider_says(
    error: SynapseError, attempt: int, wait: timedelta
) -> None:
    assert retry_at(error, attempt, NOW) == NOW + wait
