"""The step ledger: absent, held, released, done; one holder at a time, and none that writes after losing."""

import asyncio

import pytest

from shared.core.errors import ConflictError
from shared.domain.document import Stage
from shared.domain.step import StepKey, StepState
from shared.ports.ledger import Claim
from tests.contracts.conftest import Stores
from tests.contracts.records import NAUGHTY, NOW, after

KEY = StepKey(document_id="d", generation=1, stage=Stage.EMBED, shard=3)


async def _claim(stores: Stores, holder: str = "first", seconds: float = 0, key: StepKey = KEY) -> Claim:
    return await stores.ledger.claim(key, holder, after(seconds), after(seconds + 60))


async def test_an_absent_step_is_held_at_its_first_attempt(stores: Stores) -> None:
    claim = await _claim(stores)

    assert claim.held
    assert (claim.step.key, claim.step.state, claim.step.attempt) == (KEY, StepState.HELD, 1)
    assert await stores.ledger.steps("d", 1, Stage.EMBED) == [claim.step]


async def test_a_held_step_is_refused_and_shown(stores: Stores) -> None:
    first = await _claim(stores)

    second = await _claim(stores, "second", seconds=59)

    assert not second.held
    assert second.step == first.step


async def test_a_done_step_is_replayed_with_its_output(stores: Stores) -> None:
    output = {"vectors": "derived/d/1/vectors-00003.json", "spans": [[0, 10], [10, 20]], "none": None, "texts": list(NAUGHTY)}
    await stores.ledger.complete(await _claim(stores), output, after(5))

    replay = await _claim(stores, "second", seconds=1000)

    assert not replay.held
    assert (replay.step.state, replay.step.output, replay.step.done_at) == (StepState.DONE, output, after(5))
    assert replay.step.lease_until is None


async def test_an_empty_output_is_replayed_as_itself(stores: Stores) -> None:
    await stores.ledger.complete(await _claim(stores), {}, NOW)

    assert (await _claim(stores, "second")).step.output == {}


async def test_a_step_whose_lease_has_ended_goes_to_the_next_claimer(stores: Stores) -> None:
    await _claim(stores)

    second = await _claim(stores, "second", seconds=60)

    assert second.held
    assert (second.step.holder, second.step.attempt) == ("second", 2)


async def test_who_lost_the_lease_can_neither_complete_nor_prolong(stores: Stores) -> None:
    lost = await _claim(stores)
    held = await _claim(stores, "second", seconds=60)

    with pytest.raises(ConflictError):
        await stores.ledger.complete(lost, {"mine": True}, after(61))
    with pytest.raises(ConflictError):
        await stores.ledger.prolong(lost, after(200))

    assert await stores.ledger.steps("d", 1, Stage.EMBED) == [held.step]


async def test_who_lost_the_lease_releases_nothing(stores: Stores) -> None:
    lost = await _claim(stores)
    held = await _claim(stores, "second", seconds=60)

    await stores.ledger.release(lost, "I failed", None)

    assert await stores.ledger.steps("d", 1, Stage.EMBED) == [held.step]


async def test_a_prolonged_lease_holds_on_and_can_be_completed(stores: Stores) -> None:
    claim = await stores.ledger.prolong(await _claim(stores), after(120))

    refused = await _claim(stores, "second", seconds=119)
    await stores.ledger.complete(claim, {"n": 1}, after(119))

    assert not refused.held
    assert await stores.ledger.count_done("d", 1, Stage.EMBED) == 1


async def test_a_claim_from_before_a_prolongation_is_spent(stores: Stores) -> None:
    old = await _claim(stores)
    await stores.ledger.prolong(old, after(120))

    with pytest.raises(ConflictError):
        await stores.ledger.complete(old, {}, NOW)

    assert await stores.ledger.count_done("d", 1, Stage.EMBED) == 0


async def test_attempts_that_a_quota_ended_are_told_apart(stores: Stores) -> None:
    for holder, error in (("first", "RESOURCE_EXHAUSTED"), ("second", "UNAVAILABLE"), ("third", "RESOURCE_EXHAUSTED")):
        await stores.ledger.release(await stores.ledger.claim(KEY, holder, NOW, after(60)), error, None)

    again = await stores.ledger.claim(KEY, "fourth", NOW, after(60))

    assert (again.step.attempt, again.step.refusals, again.step.faults) == (4, 2, 2)


async def test_a_released_step_is_claimed_again_with_attempts_counted(stores: Stores) -> None:
    await stores.ledger.release(await _claim(stores), "The model was busy.", after(30))
    [released] = await stores.ledger.steps("d", 1, Stage.EMBED)

    again = await _claim(stores, "second", seconds=1)

    assert (released.state, released.error, released.retry_at) == (StepState.RELEASED, "The model was busy.", after(30))
    assert (released.is_due(after(29)), released.is_due(after(30))) == (False, True)
    assert again.held
    assert (again.step.attempt, again.step.retry_at) == (2, None)


async def test_a_step_released_without_a_time_is_due_at_once(stores: Stores) -> None:
    await stores.ledger.release(await _claim(stores), "It failed.", None)

    [released] = await stores.ledger.steps("d", 1, Stage.EMBED)

    assert released.is_due(NOW)


async def test_a_completed_step_is_not_completed_twice(stores: Stores) -> None:
    claim = await _claim(stores)
    await stores.ledger.complete(claim, {"n": 1}, NOW)

    with pytest.raises(ConflictError):
        await stores.ledger.complete(claim, {"n": 2}, NOW)

    assert (await _claim(stores)).step.output == {"n": 1}


async def test_of_fifty_claims_at_once_one_is_held(stores: Stores) -> None:
    claims = await asyncio.gather(*(_claim(stores, f"holder-{number}") for number in range(50)))

    [winner] = [claim for claim in claims if claim.held]
    assert {claim.step.holder for claim in claims} == {winner.step.holder}


async def test_of_fifty_claims_at_once_on_an_ended_lease_one_is_held(stores: Stores) -> None:
    await _claim(stores)

    claims = await asyncio.gather(*(_claim(stores, f"holder-{number}", seconds=61) for number in range(50)))

    [winner] = [claim for claim in claims if claim.held]
    assert winner.step.attempt == 2
    assert {claim.step.holder for claim in claims} == {winner.step.holder}


async def test_a_stages_steps_are_its_generations_own_by_shard(stores: Stores) -> None:
    keys = [StepKey(document_id="d", generation=1, stage=Stage.EMBED, shard=shard) for shard in (2, 0, 11, 1)]
    others = [
        StepKey(document_id="d", generation=2, stage=Stage.EMBED, shard=0),
        StepKey(document_id="d", generation=1, stage=Stage.INDEX, shard=0),
        StepKey(document_id="e", generation=1, stage=Stage.EMBED, shard=0),
    ]
    for key in [*keys, *others]:
        await stores.ledger.complete(await _claim(stores, key=key), {}, NOW)
    await _claim(stores)

    steps = await stores.ledger.steps("d", 1, Stage.EMBED)

    assert [step.key.shard for step in steps] == [0, 1, 2, 3, 11]
    assert await stores.ledger.count_done("d", 1, Stage.EMBED) == 4
    assert await stores.ledger.count_done("d", 3, Stage.EMBED) == 0
