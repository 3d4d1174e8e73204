"""One instance dies at each moment of a document's life in turn: between whichever two lines, the document ends ready."""

import os
import sys

import pytest

from tests.faults.cloud import Cloud
from tests.faults.learning import check_all, learn
from tests.faults.processes import OneDeath

STEP = 1 if os.environ.get("TEST_SIZE") == "full" else 2
DOCUMENT = {"only": 4}
MOST_MOMENTS = 1000
SEEDS = 4


async def die_at(moment: int, seed: int) -> OneDeath:
    """A run in which the instance that comes to the moment dies there; checks all that must be true in the end."""
    death = OneDeath(at=moment)
    cloud = Cloud(seed, death)
    await learn(cloud, DOCUMENT)
    check_all(cloud)
    paid_twice = len(cloud.embedder.embedded) - len(set(cloud.embedder.embedded))
    assert cloud.paid_again()["twice"] == 0, f"paid twice for {paid_twice} texts by a death at {death.between}"
    return death


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_a_death_at_any_moment_is_healed(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    deaths = 0
    for moment in range(1 + seed % STEP, MOST_MOMENTS, STEP):
        death = await die_at(moment, seed)
        if not death.between:
            break
        deaths += 1
    with capsys.disabled():
        sys.stdout.write(f"\nseed {seed}: {deaths} deaths at {deaths} different moments of one document's life, each healed\n")
    assert 60 < deaths < MOST_MOMENTS // STEP
