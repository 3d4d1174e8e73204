"""Faults against the real Firestore adapters on the emulator: what is promised in memory holds there too."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from google.cloud.firestore import AsyncClient

from shared.core.ids import new_id
from tests.faults.campaign import UNKIND, Tally, play
from tests.faults.firestore_cloud import FirestoreCloud
from tests.faults.learning import check_whole, learn
from tests.faults.processes import WINDOW, OneDeath

CAMPAIGNS = 100 if os.environ.get("TEST_SIZE") == "full" else 20
LIVES = 200
MOMENTS = 100
"""Of a document's life, at which an instance dies in turn; a life has some more, which differ by the dice."""
AT_ONCE = 5
"""The client library works in this process while the emulator works in another."""

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("emulators")]


@asynccontextmanager
async def fresh_client() -> AsyncIterator[AsyncClient]:
    client = AsyncClient(project=f"demo-{new_id()}")
    try:
        yield client
    finally:
        await client._firestore_api.transport.close()


async def in_turns(runs: int, run: Callable[[int], Awaitable[None]]) -> None:
    for first in range(0, runs, AT_ONCE):
        await asyncio.gather(*map(run, range(first, first + AT_ONCE)))


async def test_nothing_is_lost_doubled_embedded_twice_or_stuck_in_firestore(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()

    async def campaign(seed: int) -> None:
        async with fresh_client() as client:
            await play(FirestoreCloud(seed, UNKIND, client), seed, tally)

    await in_turns(CAMPAIGNS, campaign)
    with capsys.disabled():
        sys.stdout.write(f"\n{CAMPAIGNS} runs on Firestore: {tally}\n")
    assert (tally.lost, tally.doubled, tally.embedded_twice, tally.stuck) == (0, 0, 0, 0), tally.seeds_at_fault
    assert tally.faults.total() > 3 * CAMPAIGNS


async def test_a_death_between_any_two_calls_is_healed_in_firestore(capsys: pytest.CaptureFixture[str]) -> None:
    moments = Counter[str]()

    async def life(number: int) -> None:
        death = OneDeath(at=1 + number % MOMENTS)
        async with fresh_client() as client:
            cloud = FirestoreCloud(number, death, client)
            await learn(cloud, {"only": 1})
        check_whole(cloud, cloud.store.documents["only"].value)
        paid_twice = len(cloud.embedder.embedded) - len(set(cloud.embedder.embedded))
        assert bool(paid_twice) <= (death.between in WINDOW), death.between
        moments[death.between] += bool(death.between)

    await in_turns(LIVES, life)
    with capsys.disabled():
        sys.stdout.write(f"\n{LIVES} lives of a document on Firestore, {moments.total()} with a death, each healed\n")
    assert moments.total() > LIVES / 2
