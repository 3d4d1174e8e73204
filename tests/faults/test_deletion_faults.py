"""Documents are deleted at any moment of their learning, in a cloud that kills, doubles, delays and reorders: nothing stays."""

import os
import sys
from collections import Counter

import pytest

from shared.domain.document import DocumentStatus
from tests.faults.deleting import MOST_ROUNDS, DeletingCloud, check_gone, check_nothing_is_left, is_done
from tests.faults.learning import check_whole, upload
from tests.faults.processes import Odds, OneDeath

RUNS = 600 if os.environ.get("TEST_SIZE") == "full" else 160
UNKIND = Odds(dies=0.2, meets_outage=0.1)
SLOW_TOO = Odds(dies=0.12, meets_outage=0.08, stands_still=0.15)


async def live_and_die(cloud: DeletingCloud, rounds: int) -> str:
    """One document is deleted after so many rounds, beside one that is learned; the state in which it was deleted."""
    await upload(cloud, "doomed", 6)
    await upload(cloud, "kept", 2)
    for _ in range(rounds):
        await cloud.round()
    status = cloud.store.documents["doomed"].value.status
    await cloud.delete("doomed")
    await go_on(cloud)
    check_gone(cloud, "doomed")
    check_whole(cloud, cloud.store.documents["kept"].value)
    return status


async def go_on(cloud: DeletingCloud) -> None:
    for _ in range(MOST_ROUNDS):
        if is_done(cloud, "doomed"):
            break
        await cloud.round()
    # Where instances stand still, one of them may write after its lease has ended: that is the last look's to find.
    if cloud.odds is not SLOW_TOO:
        check_nothing_is_left(cloud, "doomed")
    while not cloud.store.documents["kept"].value.status.is_final:
        await cloud.round()
    await cloud.end()


@pytest.mark.parametrize("odds", [UNKIND, SLOW_TOO], ids=["unkind", "slow too"])
async def test_nothing_of_a_document_is_left_whenever_it_is_deleted(odds: Odds, capsys: pytest.CaptureFixture[str]) -> None:
    states, fates = Counter[str](), Counter[str]()
    for seed in range(RUNS):
        cloud = DeletingCloud(seed, odds)
        states[await live_and_die(cloud, rounds=seed % 60)] += 1
        fates += cloud.counts.fates
    with capsys.disabled():
        told = ", ".join(f"{state}: {number}" for state, number in states.items())
        sys.stdout.write(f"\n{odds}: {RUNS} deletions ({told}), {fates.total()} faults, nothing left, each with its receipt\n")
    assert len(states) > 4
    assert fates.total() > RUNS


async def test_a_death_at_any_moment_of_a_deletion_is_healed(capsys: pytest.CaptureFixture[str]) -> None:
    deaths = 0
    for moment in range(1, MOST_ROUNDS):
        cloud = DeletingCloud(moment, Odds())
        await upload(cloud, "doomed", 2)
        await upload(cloud, "kept", 1)
        while any(stored.value.status is not DocumentStatus.READY for stored in cloud.store.documents.values()):
            await cloud.round()
        cloud.odds = death = OneDeath(at=moment)
        await cloud.delete("doomed")
        await go_on(cloud)
        check_gone(cloud, "doomed")
        if not death.between:
            break
        deaths += 1
    with capsys.disabled():
        sys.stdout.write(f"\n{deaths} deaths at {deaths} different moments of a deletion, each healed\n")
    assert 20 < deaths < MOST_ROUNDS - 1


@pytest.mark.parametrize("odds", [UNKIND, SLOW_TOO], ids=["unkind", "slow too"])
async def test_a_document_that_is_learned_anew_keeps_one_generation(odds: Odds) -> None:
    for seed in range(RUNS // 2):
        cloud = DeletingCloud(seed, odds)
        await upload(cloud, "again", 3)
        for _ in range(2):
            while not cloud.store.documents["again"].value.status.is_final:
                await cloud.round()
            await cloud.reprocess("again")
        while not cloud.store.documents["again"].value.status.is_final:
            await cloud.round()
        await cloud.end()
        document = cloud.store.documents["again"].value
        assert (document.status, document.live_generation, document.due_at) == (DocumentStatus.READY, 3, None)
        generations = Counter(entry.chunk.generation for entry in cloud.store.chunks.values())
        assert generations == {3: document.chunks}
        if odds is UNKIND:
            assert {name.split("/")[2] for name in cloud.blobs.objects if name.startswith("derived/")} == {"3"}
