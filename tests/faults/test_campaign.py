"""Everything that may go wrong at once, by seeds: nothing is lost, doubled, embedded twice or stuck."""

import os
import sys

import pytest

from tests.faults.campaign import Tally, run

RUNS = 600 if os.environ.get("TEST_SIZE") == "full" else 60


async def test_nothing_is_lost_doubled_embedded_twice_or_stuck(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    for seed in range(RUNS):
        await run(seed, tally)
    with capsys.disabled():
        sys.stdout.write(f"\n{RUNS} runs: {tally}\n")
    assert (tally.lost, tally.doubled, tally.embedded_twice, tally.stuck) == (0, 0, 0, 0), tally.seeds_at_fault
    assert tally.faults.total() > 3 * RUNS
