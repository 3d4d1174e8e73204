"""Hundreds of seeded runs of the whole pipeline in a cloud that kills, doubles, delays and reorders: nothing is lost, doubled or
paid for twice but what the promise allows, and that is counted.
"""

import os
import sys
from collections import Counter

import pytest

from tests.faults.cloud import Cloud, Counts
from tests.faults.learning import check_all, learn
from tests.faults.processes import Odds

RUNS = 1200 if os.environ.get("TEST_SIZE") == "full" else 240
GROUPS = 6
TEXTS_A_CALL = 8
DOCUMENTS = {"long": 9, "short": 2}
UNKIND = Odds(dies=0.2, meets_outage=0.1)
SLOW_TOO = Odds(dies=0.12, meets_outage=0.08, stands_still=0.15)


def paid_twice(cloud: Cloud) -> int:
    return len(cloud.embedder.embedded) - len(set(cloud.embedder.embedded))


def fates_of(counts: list[Counts]) -> str:
    fates: Counter[str] = sum((count.fates for count in counts), Counter())
    return ", ".join(f"{fate.replace('_', ' ')}: {number}" for fate, number in sorted(fates.items()))


def report(capsys: pytest.CaptureFixture[str], title: str, clouds: list[Cloud]) -> None:
    counts = [cloud.counts for cloud in clouds]
    chunks, embedded = (
        sum(map(len, each)) for each in zip(*((c.store.chunks, c.embedder.embedded) for c in clouds), strict=True)
    )
    lines = (
        f"{title}: {len(clouds)} runs, {len(DOCUMENTS) * len(clouds)} documents ready, {chunks} chunks, none lost or doubled;",
        f"{sum(count.deliveries for count in counts)} deliveries, {sum(count.doubled for count in counts)} of them doubled,",
        f"{sum(count.sweeps for count in counts)} sweeps; {fates_of(counts)};",
        f"texts paid for twice: {sum(map(paid_twice, clouds))} of {embedded},",
        f"by {sum(count.lost_payments for count in counts)} crashes between model and cache",
        f"and {sum(count.late_payers for count in counts)} instances that stood still there",
    )
    with capsys.disabled():
        sys.stdout.write("\n" + " ".join(lines) + "\n")


@pytest.mark.parametrize("group", range(GROUPS))
@pytest.mark.parametrize("odds", [UNKIND, SLOW_TOO], ids=["unkind", "slow too"])
async def test_every_document_ends_ready_with_each_chunk_once(odds: Odds, group: int, capsys: pytest.CaptureFixture[str]) -> None:
    clouds = [Cloud(seed, odds) for seed in range(group, RUNS, 2 * GROUPS)]
    for cloud in clouds:
        await learn(cloud, DOCUMENTS)
        check_all(cloud)
        assert paid_twice(cloud) <= TEXTS_A_CALL * (cloud.counts.lost_payments + cloud.counts.late_payers)
    report(capsys, f"{odds}, group {group}", clouds)
    assert sum(cloud.counts.fates.total() for cloud in clouds) > len(clouds), "nothing went wrong, so nothing was tested"
