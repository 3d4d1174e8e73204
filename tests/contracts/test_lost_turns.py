"""What the next try meets when Firestore's answer to a write of a turn or of usage is lost."""

from datetime import timedelta

import pytest

from shared.adapters.firestore_ceiling import FirestoreCeiling
from shared.adapters.firestore_turns import FirestoreTurns
from shared.adapters.firestore_usage import FirestoreUsage
from shared.core.errors import ResourceExhaustedError, UnavailableError
from shared.domain.conversation import Conversation, Turn
from shared.domain.plan import FlowLimits, FlowTotals
from shared.ports.store import Versioned
from tests.contracts.conftest import Silent
from tests.contracts.lives import spent_in
from tests.contracts.records import (
    OFTEN,
    answered,
    conversation,
    reservation,
    turn,
    unstored,
)
from tests.memory.counting import RepeatingClient


async def test_a_reservation_that_is_repeated_counts_once(repeating: RepeatingClient) -> None:
    made, turns = turn("thread", fingerprint="keyed"), FirestoreTurns(repeating)

    first = await turns.reserve(made, OFTEN)

    assert first.totals == FlowTotals(turns_this_minute=1, turns_this_month=1, tokens_this_month=100)
    assert first.turn == await turns.load(made.id)


async def test_a_repeated_reservation_over_the_limit_is_undone_once(repeating: RepeatingClient) -> None:
    made, turns = turn("thread"), FirestoreTurns(repeating)

    with pytest.raises(ResourceExhaustedError, match="tokens a month"):
        await turns.reserve(made, FlowLimits(turns_per_minute=9, turns_per_month=9, tokens_per_month=99))

    assert await turns.load(made.id) is None
    assert await spent_in(turns) == 0


async def test_a_visitor_over_the_limit_is_told_so_though_the_answer_was_lost(repeating: RepeatingClient) -> None:
    turns, none = FirestoreTurns(repeating), OFTEN.model_copy(update={"turns_per_minute": 0})

    with pytest.raises(ResourceExhaustedError, match="0 turns a minute"):
        await turns.reserve(turn("thread", "visitor", bot_owner_id="owner"), OFTEN, visitor=none)

    assert await spent_in(turns) == 0


async def test_a_repeated_takeover_counts_once_and_over_the_limit_is_undone_once(repeating: RepeatingClient) -> None:
    turns = FirestoreTurns(repeating)
    read = (await turns.reserve(turn("thread"), OFTEN)).turn
    taken = read.value.model_copy(update={"holder": "second", "attempt": 2})

    with pytest.raises(ResourceExhaustedError):
        await turns.reserve(taken, OFTEN.model_copy(update={"tokens_per_month": 199}), over=read)
    back = await turns.load(taken.id)
    assert back is not None
    again = await turns.reserve(taken, OFTEN, over=back)

    assert (back.value, again.turn) == (read.value, await turns.load(taken.id))
    assert again.totals.tokens_this_month == 200


async def test_a_write_of_a_turn_that_is_repeated_is_no_conflict(repeating: RepeatingClient) -> None:
    turns = FirestoreTurns(repeating)
    read = (await turns.reserve(turn("thread"), OFTEN)).turn

    written = await turns.replace(read, read.value.model_copy(update={"answer": "It"}))

    assert written == await turns.load(read.value.id)


async def test_a_head_whose_writing_is_repeated_is_no_conflict(repeating: RepeatingClient) -> None:
    thread, turns = conversation(), FirestoreTurns(repeating)
    await turns.rewrite(unstored(thread), thread)
    read = await turns.head(thread.id, "owner")
    assert read is not None

    await turns.rewrite(read, thread.model_copy(update={"title": "Named"}))

    head = await turns.head(thread.id, "owner")
    assert head is not None
    assert head.value.title == "Named"


async def test_a_usage_that_is_repeated_counts_once(repeating: RepeatingClient) -> None:
    usage, lease = FirestoreUsage(repeating), timedelta(seconds=60)

    await usage.reserve("r", reservation(tokens=100), OFTEN, lease)
    with pytest.raises(ResourceExhaustedError):
        await usage.reserve("s", reservation(tokens=100), OFTEN.model_copy(update={"tokens_per_month": 199}), lease)
    assert await spent_in(FirestoreTurns(repeating)) == 100
    await usage.settle("r", reservation(tokens=100), 30)

    assert await spent_in(FirestoreTurns(repeating)) == 30


async def test_a_block_whose_answer_is_lost_is_not_handed_out(silent: Silent) -> None:
    with pytest.raises(UnavailableError):
        await FirestoreCeiling(silent(1, True)).grant("20261122", 60, 100)

    assert await FirestoreCeiling(silent(0, True)).grant("20261122", 60, 100) == 40


async def settled(turns: FirestoreTurns, made: Turn, head: Versioned[Conversation], losing: FirestoreTurns) -> Turn:
    """Reserved by one, and settled by another that loses answers."""
    ended = answered(made)
    await losing.settle((await turns.reserve(made, OFTEN)).turn, ended, head)
    return ended


@pytest.mark.parametrize("applied", [True, False])
async def test_a_settlement_whose_answer_is_lost_counts_once(silent: Silent, *, applied: bool) -> None:
    thread, turns = conversation(), FirestoreTurns(silent(0, applied))

    ended = await settled(turns, turn(thread.id), unstored(thread), FirestoreTurns(silent(1, applied)))

    stored, head = await turns.load(ended.id), await turns.head(thread.id, "owner")
    assert stored is not None
    assert head is not None
    assert (stored.value, head.value) == (ended, thread.after(ended))
    assert await spent_in(turns) == 40


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_settlement_that_another_turn_outran_counts_once_beside_it(silent: Silent, *, applied: bool) -> None:
    thread, turns = conversation(), FirestoreTurns(silent(0, applied))
    first = await settled(turns, turn(thread.id, question="First?"), unstored(thread), turns)

    second = await settled(turns, turn(thread.id, question="Second?"), unstored(thread), FirestoreTurns(silent(1, applied)))

    head = await turns.head(thread.id, "owner")
    assert head is not None
    assert head.value == thread.after(first).after(second)
    assert await spent_in(turns) == 80


@pytest.mark.parametrize("applied", [True, False])
async def test_a_turn_whose_forgetting_is_lost_is_gone_and_charged_once(silent: Silent, *, applied: bool) -> None:
    turns = FirestoreTurns(silent(0, applied))
    read = (await turns.reserve(turn("thread"), OFTEN)).turn

    await FirestoreTurns(silent(1, applied)).forget(read)

    assert (await turns.load(read.value.id), await spent_in(turns)) == (None, 0)


async def test_a_store_that_stays_silent_is_unavailable(silent: Silent) -> None:
    thread, turns = conversation(), FirestoreTurns(silent(0, False))

    with pytest.raises(UnavailableError):
        await settled(turns, turn(thread.id), unstored(thread), FirestoreTurns(silent(2, False)))

    assert await turns.head(thread.id, "owner") is None
