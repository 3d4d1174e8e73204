"""A turn's life in the store, and the flow of turns and tokens that it counts against."""

import asyncio
from datetime import UTC, datetime

import pytest

from shared.core.errors import AlreadyExistsError, ConflictError, NotFoundError, ResourceExhaustedError
from shared.core.ids import own_part
from shared.domain.plan import FlowLimits, FlowTotals
from shared.ports.store import Reserved
from tests.contracts.conftest import Stores
from tests.contracts.lives import interrupted, reserved, spent, taking
from tests.contracts.records import NOW, OFTEN, after, turn

SECONDS_TO_DECEMBER = 8 * 86_400 + 10 * 3600 + 14 * 60 + 29.876544


async def test_a_reservation_stores_the_turn_and_returns_the_new_totals(stores: Stores) -> None:
    first, second = turn("c"), turn("c", reserved_tokens=50)

    await stores.turns.reserve(first, OFTEN)
    made = await stores.turns.reserve(second, OFTEN)

    assert made.totals == FlowTotals(turns_this_minute=2, turns_this_month=2, tokens_this_month=150)
    assert made.turn == await stores.turns.load(second.id)
    assert made.turn.value == second


async def test_a_minute_and_a_month_start_again(stores: Stores) -> None:
    made = [turn("c", reserved_at=at) for at in (NOW, after(60), after(60 * 60), datetime(2026, 12, 1, tzinfo=UTC))]
    totals = [(await stores.turns.reserve(one, OFTEN)).totals for one in made]

    assert [(total.turns_this_minute, total.turns_this_month) for total in totals] == [(1, 1), (1, 2), (1, 3), (1, 1)]
    assert totals[-1].tokens_this_month == 100


async def test_another_payers_turns_do_not_count(stores: Stores) -> None:
    await stores.turns.reserve(turn("c", "somebody"), OFTEN)

    assert (await stores.turns.reserve(turn("c"), OFTEN)).totals.turns_this_month == 1


async def test_a_reserved_turn_is_counted_once_and_its_id_is_no_other_turns(stores: Stores) -> None:
    made = turn("c")
    await stores.turns.reserve(made, OFTEN)

    assert (await stores.turns.reserve(made, OFTEN)).totals.turns_this_month == 1
    with pytest.raises(AlreadyExistsError):
        await stores.turns.reserve(turn("c", id=made.id, question="Another?"), OFTEN)

    assert (await stores.turns.reserve(turn("c"), OFTEN)).totals.turns_this_month == 2


async def test_of_twenty_conversations_at_once_one_has_a_turn_under_a_key(stores: Stores) -> None:
    asked = [turn(f"c{number}", id=f"c{number}-key", fingerprint=f"{number}") for number in range(20)]

    results = await asyncio.gather(*(stores.turns.reserve(one, OFTEN) for one in asked), return_exceptions=True)

    [won] = [result for result in results if isinstance(result, Reserved)]
    assert [isinstance(result, AlreadyExistsError) for result in results].count(True) == 19
    assert [await stores.turns.load(one.id) is not None for one in asked].count(True) == 1
    assert (await stores.turns.reserve(won.turn.value, OFTEN)).totals.turns_this_month == 1


async def test_a_turn_that_was_undone_frees_its_key(stores: Stores) -> None:
    none = OFTEN.model_copy(update={"turns_per_month": 0})
    with pytest.raises(ResourceExhaustedError):
        await stores.turns.reserve(turn("c", id="c-key", fingerprint="1"), none)

    assert (await stores.turns.reserve(turn("d", id="d-key", fingerprint="2"), OFTEN)).totals.turns_this_month == 1


async def test_a_turn_is_taken_over_under_the_key_that_it_has(stores: Stores) -> None:
    read = await interrupted(stores, fingerprint="1")

    with pytest.raises(ResourceExhaustedError):
        await stores.turns.reserve(taking(read), OFTEN.model_copy(update={"turns_per_month": 1}), over=read)
    back = await stores.turns.load(read.value.id)
    assert back is not None
    await stores.turns.reserve(taking(back), OFTEN, over=back)

    with pytest.raises(AlreadyExistsError):
        await stores.turns.reserve(turn("d", id=f"d-{own_part(read.value.id)}", fingerprint="2"), OFTEN)


@pytest.mark.parametrize(
    ("limits", "name", "wait"),
    [
        (OFTEN.model_copy(update={"turns_per_minute": 1}), "1 turns a minute", 29.876544),
        (OFTEN.model_copy(update={"turns_per_month": 1}), "1 turns a month", SECONDS_TO_DECEMBER),
        (OFTEN.model_copy(update={"tokens_per_month": 150}), "150 tokens a month", SECONDS_TO_DECEMBER),
        (FlowLimits(turns_per_minute=1, turns_per_month=1, tokens_per_month=150), "turns a month", SECONDS_TO_DECEMBER),
    ],
)
async def test_a_turn_over_a_limit_is_undone_and_told_when_to_come_back(
    stores: Stores, limits: FlowLimits, name: str, wait: float
) -> None:
    await stores.turns.reserve(turn("c"), limits)
    refused = turn("c")

    with pytest.raises(ResourceExhaustedError, match=name) as error:
        await stores.turns.reserve(refused, limits)

    assert error.value.retry_after_seconds == pytest.approx(wait, abs=0.001)
    assert await stores.turns.load(refused.id) is None
    assert (await stores.turns.reserve(refused, OFTEN)).totals == FlowTotals(
        turns_this_minute=2, turns_this_month=2, tokens_this_month=200
    )


async def test_fifty_reserves_at_once_against_a_limit_of_twenty_pass_twenty(stores: Stores) -> None:
    limits = OFTEN.model_copy(update={"turns_per_minute": 20})
    asked = [turn("c") for _ in range(50)]

    results = await asyncio.gather(*(stores.turns.reserve(one, limits) for one in asked), return_exceptions=True)

    accepted = [result.totals.turns_this_minute for result in results if isinstance(result, Reserved)]
    assert sorted(accepted) == list(range(1, 21))
    assert [isinstance(result, ResourceExhaustedError) for result in results].count(True) == 30
    assert (await stores.turns.reserve(turn("c"), OFTEN)).totals.turns_this_minute == 21


async def test_fifty_reserves_at_once_never_pass_the_months_tokens(stores: Stores) -> None:
    limits = OFTEN.model_copy(update={"tokens_per_month": 2000})
    asked = [turn("c", reserved_tokens=100) for _ in range(50)]

    results = await asyncio.gather(*(stores.turns.reserve(one, limits) for one in asked), return_exceptions=True)

    accepted = [result.totals.tokens_this_month for result in results if isinstance(result, Reserved)]
    assert sorted(accepted) == list(range(100, 2001, 100))
    assert [isinstance(result, ResourceExhaustedError) for result in results].count(True) == 30
    assert (await stores.turns.reserve(turn("c", reserved_tokens=0), OFTEN)).totals.tokens_this_month == 2000


async def test_fifty_turns_of_a_visitor_at_once_never_pass_his_minute(stores: Stores) -> None:
    limits = OFTEN.model_copy(update={"turns_per_minute": 20})
    asked = [turn("c", "visitor", bot_owner_id="owner") for _ in range(50)]

    results = await asyncio.gather(*(stores.turns.reserve(one, OFTEN, visitor=limits) for one in asked), return_exceptions=True)

    assert [isinstance(result, Reserved) for result in results].count(True) == 20
    assert [isinstance(result, ResourceExhaustedError) for result in results].count(True) == 30
    assert (await stores.turns.reserve(turn("d", "visitor"), OFTEN)).totals.turns_this_minute == 21
    assert (await stores.turns.reserve(turn("e"), OFTEN)).totals.turns_this_month == 21


async def test_a_visitors_turn_counts_in_both_minutes_and_costs_the_payer_alone(stores: Stores) -> None:
    limits = OFTEN.model_copy(update={"turns_per_minute": 2})
    for _ in range(2):
        await stores.turns.reserve(turn("c", "visitor", bot_owner_id="owner"), OFTEN, visitor=limits)
    refused = turn("c", "visitor", bot_owner_id="owner")

    with pytest.raises(ResourceExhaustedError, match="2 turns a minute"):
        await stores.turns.reserve(refused, OFTEN, visitor=limits)

    assert await stores.turns.load(refused.id) is None
    assert (await stores.turns.reserve(turn("c"), OFTEN)).totals == FlowTotals(
        turns_this_minute=3, turns_this_month=3, tokens_this_month=300
    )
    own = (await stores.turns.reserve(turn("d", "visitor"), OFTEN)).totals
    assert own == FlowTotals(turns_this_minute=3, turns_this_month=1, tokens_this_month=100)


async def test_a_payer_over_the_limit_leaves_the_visitors_minute_as_it_was(stores: Stores) -> None:
    none = OFTEN.model_copy(update={"turns_per_month": 0})
    with pytest.raises(ResourceExhaustedError):
        await stores.turns.reserve(turn("c", "visitor", bot_owner_id="owner"), none, visitor=OFTEN)

    assert (await stores.turns.reserve(turn("d", "visitor"), OFTEN)).totals.turns_this_minute == 1


async def test_one_of_twenty_takes_a_turn_over_and_it_alone_is_counted(stores: Stores) -> None:
    read = await interrupted(stores)
    claims = [taking(read) for _ in range(20)]

    results = await asyncio.gather(*(stores.turns.reserve(one, OFTEN, over=read) for one in claims), return_exceptions=True)

    [won] = [result for result in results if isinstance(result, Reserved)]
    assert [isinstance(result, ConflictError) for result in results].count(True) == 19
    assert await stores.turns.load(read.value.id) == won.turn
    assert won.totals == FlowTotals(turns_this_minute=2, turns_this_month=2, tokens_this_month=140)


async def test_a_takeover_over_a_limit_leaves_the_turn_as_it_was(stores: Stores) -> None:
    read = await interrupted(stores)

    with pytest.raises(ResourceExhaustedError):
        await stores.turns.reserve(taking(read), OFTEN.model_copy(update={"turns_per_month": 1}), over=read)

    stored = await stores.turns.load(read.value.id)
    assert stored is not None
    assert stored.value == read.value
    assert await spent(stores) == 40


async def test_a_turn_that_is_gone_cannot_be_taken_over(stores: Stores) -> None:
    read = await interrupted(stores)
    await stores.turns.forget(read)

    with pytest.raises(NotFoundError):
        await stores.turns.reserve(taking(read), OFTEN, over=read)

    assert await stores.turns.load(read.value.id) is None
    assert await spent(stores) == 40


async def test_a_write_over_the_version_read_passes_once(stores: Stores) -> None:
    read = await reserved(stores, turn("c"))
    said, other = (read.value.model_copy(update={"answer": text}) for text in ("It", "Other"))

    written = await stores.turns.replace(read, said)

    with pytest.raises(ConflictError):
        await stores.turns.replace(read, other)
    assert await stores.turns.replace(read, said) == written == await stores.turns.load(said.id)
    assert (await stores.turns.replace(written, other)).value == other


async def test_a_write_of_a_turn_that_is_gone_makes_none(stores: Stores) -> None:
    read = await reserved(stores, turn("c"))
    await stores.turns.forget(read)

    with pytest.raises(NotFoundError):
        await stores.turns.replace(read, read.value.model_copy(update={"answer": "It"}))

    assert await stores.turns.load(read.value.id) is None
