"""The step protocol on each ledger, in every case of its state machine: first, replay, held, lease ended or lost, failures."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.core.errors import InternalError, ResourceExhaustedError, SynapseError, UnavailableError
from shared.domain.document import FailureCode, RejectedFileError, Stage
from shared.domain.step import Step, StepKey, StepState
from shared.services.steps import UNTOLD_WAIT, StepOutput, retry_at, run_step
from tests.contracts.conftest import Stores
from tests.memory.interposed import Interposed, Raises

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
        self.started = asyncio.Event()

    async def __call__(self) -> StepOutput:
        self.runs += 1
        self.started.set()
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

    def __init__(self, stores: Stores) -> None:
        self.stored = stores.ledger
        self.hook = Beats()
        self.ledger: Any = Interposed(self.stored, self.hook)
        self.now = NOW

    async def run(self, work: Work, holder: str = "one", lease_seconds: float = 60) -> StepOutput | None:
        return await run_step(self.ledger, KEY, work, lambda: self.now, lease_seconds, holder)

    async def step(self) -> Step:
        [step] = await self.stored.steps(KEY.document_id, KEY.generation, KEY.stage)
        return step

    async def claimed_by(self, holder: str) -> None:
        await self.stored.claim(KEY, holder, self.now, self.now + timedelta(seconds=60))

    async def taken_over_by(self, holder: str) -> None:
        """Another whose clock is far ahead takes the step, as soon as it falls between two heartbeats."""
        later = self.now + timedelta(hours=1)
        while not (await self.stored.claim(KEY, holder, later, later + timedelta(seconds=60))).held:
            continue

    async def beats(self, count: int) -> None:
        """Wait for so many heartbeats more."""
        for _ in range(count):
            await self.hook.prolonged.get()


@pytest.fixture
def bench(stores: Stores) -> Bench:
    return Bench(stores)


async def test_a_first_claim_does_the_work_and_stores_its_output(bench: Bench) -> None:
    work = Work()
    assert await bench.run(work) == OUTPUT
    step = await bench.step()
    assert (step.state, step.output, work.runs) == (StepState.DONE, OUTPUT, 1)


async def test_a_done_step_answers_its_stored_output_without_the_work(bench: Bench) -> None:
    await bench.run(Work())
    again = Work()
    assert await bench.run(again, holder="two") == OUTPUT
    assert again.runs == 0


async def test_an_empty_output_replays_as_itself_and_not_as_held(bench: Bench) -> None:
    claim = await bench.stored.claim(KEY, "one", NOW, NOW + timedelta(seconds=60))
    await bench.stored.complete(claim, {}, NOW)
    assert await bench.run(Work()) == {}


async def test_a_step_that_another_holds_is_left_alone(bench: Bench) -> None:
    await bench.claimed_by("another")
    work = Work()
    assert await bench.run(work) is None
    step = await bench.step()
    assert (work.runs, step.holder) == (0, "another")


async def test_a_step_whose_lease_has_ended_is_taken_over(bench: Bench) -> None:
    await bench.claimed_by("dead")
    bench.now += timedelta(seconds=60)
    assert await bench.run(Work()) == OUTPUT
    step = await bench.step()
    assert (step.holder, step.attempt) == ("one", 2)


async def test_of_many_claims_at_once_one_does_the_work(bench: Bench) -> None:
    gate = asyncio.Event()
    works = [Work(gate=gate) for _ in range(20)]
    waiting = {asyncio.create_task(bench.run(work, holder=str(number))) for number, work in enumerate(works)}
    refused = set()
    while len(refused) < 19:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        refused |= done
    gate.set()
    assert {run.result() for run in refused} == {None}
    assert [await run for run in waiting] == [OUTPUT]
    assert sum(work.runs for work in works) == 1


async def test_the_lease_is_prolonged_while_the_work_runs(bench: Bench) -> None:
    gate = asyncio.Event()
    run = asyncio.create_task(bench.run(Work(gate=gate), lease_seconds=0.003))
    await bench.beats(1)
    bench.now += timedelta(minutes=1)
    await bench.beats(2)
    step = await bench.step()
    assert step.lease_until == bench.now + timedelta(seconds=0.003)
    gate.set()
    assert await run == OUTPUT
    step = await bench.step()
    assert step.state is StepState.DONE


async def test_a_lost_lease_cancels_the_work_and_ends_quietly(bench: Bench) -> None:
    work = Work(gate=asyncio.Event())
    run = asyncio.create_task(bench.run(work, lease_seconds=0.003))
    await bench.beats(1)
    await bench.taken_over_by("another")
    assert await run is None
    step = await bench.step()
    assert (work.cancelled, step.holder, step.state) == (True, "another", StepState.HELD)


async def test_a_lease_lost_just_before_the_end_leaves_the_step_to_its_new_holder(bench: Bench) -> None:
    gate = asyncio.Event()
    work = Work(gate=gate)
    run = asyncio.create_task(bench.run(work))
    await work.started.wait()
    await bench.taken_over_by("another")
    gate.set()
    assert await run is None
    step = await bench.step()
    assert (step.holder, step.state) == ("another", StepState.HELD)


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
    step = await bench.step()
    assert (step.state, step.error, step.retry_at) == (
        StepState.RELEASED,
        "UNAVAILABLE",
        NOW + timedelta(seconds=5),
    )
    assert await bench.run(Work()) == OUTPUT


async def test_a_refused_file_releases_the_step_and_passes_through(bench: Bench) -> None:
    with pytest.raises(RejectedFileError, match="no text"):
        await bench.run(Work(RejectedFileError(FailureCode.EMPTY, "no text")))
    step = await bench.step()
    assert step.state is StepState.RELEASED


async def test_a_quota_releases_the_step_until_the_provider_allows_it(bench: Bench) -> None:
    with pytest.raises(ResourceExhaustedError):
        await bench.run(Work(ResourceExhaustedError("slow down", retry_after_seconds=90)))
    step = await bench.step()
    assert (step.error, step.retry_at) == ("RESOURCE_EXHAUSTED", NOW + timedelta(seconds=90))
    assert not step.is_due(NOW + timedelta(seconds=89))


async def test_a_defect_releases_the_step_under_its_own_name(bench: Bench) -> None:
    with pytest.raises(ZeroDivisionError):
        await bench.run(Work(ZeroDivisionError()))
    step = await bench.step()
    assert (step.state, step.error) == (StepState.RELEASED, "ZeroDivisionError")


async def test_a_cancelled_run_releases_the_step_and_cancels_the_work(bench: Bench) -> None:
    work = Work(gate=asyncio.Event())
    run = asyncio.create_task(bench.run(work))
    await work.started.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    step = await bench.step()
    assert (work.cancelled, step.state, step.error) == (True, StepState.RELEASED, "CancelledError")


async def test_a_store_that_fails_at_the_claim_begins_no_work(bench: Bench) -> None:
    bench.hook.errors["before claim"] = [UnavailableError("away")]
    work = Work()
    with pytest.raises(UnavailableError):
        await bench.run(work)
    assert (work.runs, await bench.stored.steps("d1", 1, Stage.EXTRACT)) == (0, [])


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
    step = await bench.step()
    assert step.state is StepState.RELEASED
    assert await bench.run(Work()) == OUTPUT


async def test_a_completion_whose_answer_is_lost_stays_done(bench: Bench) -> None:
    bench.hook.errors["after complete"] = [UnavailableError("away")]
    with pytest.raises(UnavailableError):
        await bench.run(Work())
    step = await bench.step()
    assert step.state is StepState.DONE
    again = Work()
    assert await bench.run(again) == OUTPUT
    assert again.runs == 0


async def test_a_store_that_fails_at_the_release_does_not_hide_the_reason(bench: Bench) -> None:
    bench.hook.errors["before release"] = [UnavailableError("the store is away")]
    with pytest.raises(InternalError, match="the reason"):
        await bench.run(Work(InternalError("the reason")))
    step = await bench.step()
    assert step.state is StepState.HELD


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
