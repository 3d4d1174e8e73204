"""What is set aside for work that is no turn, and what the whole project may spend in a day."""

import asyncio
from datetime import timedelta

import pytest

from shared.core.errors import AlreadyExistsError, ResourceExhaustedError
from shared.domain.plan import FlowTotals
from tests.contracts.conftest import Stores
from tests.contracts.lives import spent
from tests.contracts.records import OFTEN, after, reservation

LEASE = timedelta(seconds=60)


async def test_a_reservation_counts_beside_the_turns_and_is_settled_by_what_was_used(stores: Stores) -> None:
    assert await spent(stores) == 0

    totals = await stores.usage.reserve("r", reservation(tokens=100), OFTEN, LEASE)
    await stores.usage.settle("r", reservation(tokens=100), 30)
    await stores.usage.settle("r", reservation(tokens=100), 30)

    assert totals == FlowTotals(turns_this_minute=2, turns_this_month=2, tokens_this_month=100)
    assert await spent(stores) == 30


async def test_the_very_same_reservation_counts_once_and_another_under_its_id_is_refused(stores: Stores) -> None:
    first = await stores.usage.reserve("r", reservation(tokens=100), OFTEN, LEASE)

    assert await stores.usage.reserve("r", reservation(tokens=100), OFTEN, LEASE) == first
    with pytest.raises(AlreadyExistsError):
        await stores.usage.reserve("r", reservation(tokens=7), OFTEN, LEASE)

    assert await spent(stores) == 100


async def test_tokens_alone_count_as_no_turn(stores: Stores) -> None:
    held = reservation(tokens=100).model_copy(update={"turns": 0})

    totals = await stores.usage.reserve("r", held, OFTEN, LEASE)

    assert totals == FlowTotals(turns_this_minute=0, turns_this_month=0, tokens_this_month=100)
    assert await stores.usage.give_back_ended(after(60), 10) == 1
    assert await spent(stores) == 0


async def test_over_a_limit_nothing_is_left(stores: Stores) -> None:
    with pytest.raises(ResourceExhaustedError, match="99 tokens a month"):
        await stores.usage.reserve("r", reservation(tokens=100), OFTEN.model_copy(update={"tokens_per_month": 99}), LEASE)

    await stores.usage.settle("r", reservation(tokens=100), 30)
    assert await spent(stores) == 0


async def test_what_an_instance_set_aside_and_did_not_settle_is_given_back_when_its_lease_has_ended(stores: Stores) -> None:
    for number in range(3):
        await stores.usage.reserve(f"r{number}", reservation(tokens=100), OFTEN, timedelta(seconds=60 + number))

    assert await stores.usage.give_back_ended(after(59), 10) == 0
    assert await stores.usage.give_back_ended(after(61), 10) == 2
    assert await stores.usage.give_back_ended(after(61), 10) == 0
    assert await spent(stores) == 100


async def test_blocks_of_fifty_at_once_never_pass_the_days_limit(stores: Stores) -> None:
    granted = await asyncio.gather(*(stores.ceiling.grant("20261122", 30, 1000) for _ in range(50)))

    assert sum(granted) <= 1000
    rest = await stores.ceiling.grant("20261122", 1000, 1000)
    assert sum(granted) + rest == 1000
    assert await stores.ceiling.grant("20261122", 1, 1000) == 0
    assert await stores.ceiling.grant("20261123", 1, 1000) == 1
