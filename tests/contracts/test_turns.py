"""A turn's life in the store, and the flow of turns and tokens that it counts against."""

import asyncio
from datetime import UTC, datetime

import pytest

from shared.core.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError, ResourceExhaustedError
from shared.domain.account import Account
from shared.domain.base import PageRequest
from shared.domain.conversation import Conversation, Message, Role, TurnStatus
from shared.domain.plan import FlowLimits, FlowTotals
from shared.ports.store import Versioned
from tests.contracts.conftest import Stores
from tests.contracts.records import (
    NAUGHTY,
    NOW,
    OFTEN,
    PLENTY,
    after,
    answered,
    bot,
    conversation,
    reservation,
    turn,
    unstored,
)


async def test_a_context_is_the_callers_conversation_bot_and_account(stores: Stores) -> None:
    guide, thread, account = bot(), conversation(), Account(id="owner", plan_id="pro")
    await stores.bots.create(guide, PLENTY)
    begun = turn(thread.id)
    await stores.turns.settle(begun, unstored(thread), reservation(), 0)
    await stores.add_account(account)

    found = await stores.turns.context("owner", thread.id, guide.id)

    assert found.conversation is not None
    assert (found.conversation.value, found.bot, found.account) == (thread.after(begun), guide, account)


@pytest.mark.parametrize("uid", ["github:12", "a/b", "ü@x.test"])
async def test_a_context_knows_the_account_of_any_uid(stores: Stores, uid: str) -> None:
    await stores.add_account(Account(id=uid, suspended=True))

    assert (await stores.turns.context(uid, None, None)).account == Account(id=uid, suspended=True)


async def test_a_context_leaves_out_what_is_anothers(stores: Stores) -> None:
    guide, thread = bot("somebody"), conversation("somebody")
    await stores.bots.create(guide, PLENTY)
    await stores.turns.settle(turn(thread.id, "somebody"), unstored(thread), reservation("somebody"), 0)
    await stores.add_account(Account(id="somebody"))

    found = await stores.turns.context("owner", thread.id, guide.id)

    assert (found.conversation, found.bot, found.account) == (None, None, None)


@pytest.mark.parametrize("absent", [None, "absent", "a/b", ""])
async def test_a_context_of_nothing_is_empty(stores: Stores, absent: str | None) -> None:
    found = await stores.turns.context("owner", absent, absent)

    assert (found.conversation, found.bot, found.account) == (None, None, None)


async def test_a_reservation_stores_the_turn_and_returns_the_new_totals(stores: Stores) -> None:
    first, second = turn("c"), turn("c")

    await stores.turns.reserve(first, reservation(tokens=100), OFTEN)
    totals = await stores.turns.reserve(second, reservation(tokens=50), OFTEN)

    assert totals == FlowTotals(turns_this_minute=2, turns_this_month=2, tokens_this_month=150)
    assert await stores.turns.get("c", first.id, "owner") == first


async def test_a_minute_and_a_month_start_again(stores: Stores) -> None:
    await stores.turns.reserve(turn("c"), reservation(), OFTEN)

    next_minute = await stores.turns.reserve(turn("c"), reservation(at=after(60)), OFTEN)
    much_later = await stores.turns.reserve(turn("c"), reservation(at=after(60 * 60)), OFTEN)
    next_month = await stores.turns.reserve(turn("c"), reservation(at=datetime(2026, 12, 1, tzinfo=UTC)), OFTEN)

    assert (next_minute.turns_this_minute, next_minute.turns_this_month) == (1, 2)
    assert (much_later.turns_this_minute, much_later.turns_this_month) == (1, 3)
    assert next_month == FlowTotals(turns_this_minute=1, turns_this_month=1, tokens_this_month=100)


async def test_another_payers_turns_do_not_count(stores: Stores) -> None:
    await stores.turns.reserve(turn("c", "somebody"), reservation("somebody"), OFTEN)

    totals = await stores.turns.reserve(turn("c"), reservation(), OFTEN)

    assert totals.turns_this_month == 1


async def test_a_reserved_turn_is_counted_once_and_its_id_is_no_other_turns(stores: Stores) -> None:
    made = turn("c")
    await stores.turns.reserve(made, reservation(), OFTEN)

    assert (await stores.turns.reserve(made, reservation(), OFTEN)).turns_this_month == 1
    with pytest.raises(AlreadyExistsError):
        await stores.turns.reserve(turn("c", id=made.id, question="Another?"), reservation(), OFTEN)

    assert (await stores.turns.reserve(turn("c"), reservation(), OFTEN)).turns_this_month == 2


SECONDS_TO_DECEMBER = 8 * 86_400 + 10 * 3600 + 14 * 60 + 29.876544


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
    await stores.turns.reserve(turn("c"), reservation(), limits)
    refused = turn("c")

    with pytest.raises(ResourceExhaustedError, match=name) as error:
        await stores.turns.reserve(refused, reservation(), limits)

    assert error.value.retry_after_seconds == pytest.approx(wait, abs=0.001)
    assert await stores.turns.get("c", refused.id, "owner") is None
    assert (await stores.turns.reserve(refused, reservation(), OFTEN)) == FlowTotals(
        turns_this_minute=2, turns_this_month=2, tokens_this_month=200
    )


async def test_fifty_reserves_at_once_against_a_limit_of_twenty_pass_twenty(stores: Stores) -> None:
    limits = OFTEN.model_copy(update={"turns_per_minute": 20})
    asked = [turn("c") for _ in range(50)]

    results = await asyncio.gather(*(stores.turns.reserve(one, reservation(), limits) for one in asked), return_exceptions=True)

    assert sorted(total.turns_this_minute for total in results if isinstance(total, FlowTotals)) == list(range(1, 21))
    assert [isinstance(result, ResourceExhaustedError) for result in results].count(True) == 30
    assert (await stores.turns.reserve(turn("c"), reservation(), OFTEN)).turns_this_minute == 21


async def test_a_checkpoint_saves_the_answer_so_far_and_the_lease(stores: Stores) -> None:
    made = turn("c")
    await stores.turns.reserve(made, reservation(), OFTEN)

    await stores.turns.checkpoint("c", made.id, "It", after(600))

    saved = made.model_copy(update={"answer": "It", "lease_until": after(600)})
    assert await stores.turns.get("c", made.id, "owner") == saved


async def test_a_checkpoint_of_no_turn_makes_none(stores: Stores) -> None:
    with pytest.raises(NotFoundError):
        await stores.turns.checkpoint("c", "absent", "It", NOW)

    assert await stores.turns.get("c", "absent", "owner") is None


async def test_settling_stores_turn_and_conversation_and_corrects_the_usage(stores: Stores) -> None:
    thread = conversation()
    made = turn(thread.id)
    await stores.turns.reserve(made, reservation(tokens=100), OFTEN)

    await stores.turns.settle(answered(made), unstored(thread), reservation(tokens=100), used_tokens=40)

    assert await stores.turns.get(thread.id, made.id, "owner") == answered(made)
    assert await stores.turns.conversation(thread.id, "owner") == thread.after(answered(made))
    assert (await stores.turns.reserve(turn(thread.id), reservation(tokens=1), OFTEN)).tokens_this_month == 41


async def test_settling_more_than_was_reserved_counts_it(stores: Stores) -> None:
    thread = conversation()
    made = turn(thread.id)
    await stores.turns.reserve(made, reservation(tokens=10), OFTEN)

    await stores.turns.settle(answered(made), unstored(thread), reservation(tokens=10), used_tokens=35)

    assert (await stores.turns.reserve(turn(thread.id), reservation(tokens=0), OFTEN)).tokens_this_month == 35


@pytest.mark.parametrize("is_stored", [False, True])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_two_turns_at_once_are_both_in_the_conversation(stores: Stores, order: tuple[int, int], *, is_stored: bool) -> None:
    read = unstored(conversation(tail=(), turns=0))
    if is_stored:
        await stores.turns.settle(turn(read.value.id), read, reservation(tokens=0), 0)
        read = await _read(stores, read.value.id)
    made = [answered(turn(read.value.id, question=asked)) for asked in ("First?", "Second?")]

    for number in order:
        await stores.turns.settle(made[number], read, reservation(tokens=0), used_tokens=10)

    expected = read.value.after(made[order[0]]).after(made[order[1]])
    assert (await _read(stores, read.value.id)).value == expected
    assert (len(expected.tail), expected.turns) == (4, 2 + is_stored)
    assert (await stores.turns.reserve(turn("c"), reservation(tokens=0), OFTEN)).tokens_this_month == 20


async def test_turns_that_end_at_the_same_moment_are_all_in_the_conversation(stores: Stores) -> None:
    read = unstored(conversation(tail=(), turns=0))
    made = [answered(turn(read.value.id, question=f"{number}?")) for number in range(5)]

    await asyncio.gather(*(stores.turns.settle(one, read, reservation(tokens=0), used_tokens=10) for one in made))

    head = (await _read(stores, read.value.id)).value
    assert {said.text for said in head.tail if said.role is Role.USER} == {one.question for one in made}
    assert head.turns == 5
    assert (await stores.turns.reserve(turn("c"), reservation(tokens=0), OFTEN)).tokens_this_month == 50


async def _read(stores: Stores, conversation_id: str) -> Versioned[Conversation]:
    found = (await stores.turns.context("owner", conversation_id, None)).conversation
    assert found is not None
    return found


async def test_texts_are_stored_byte_for_byte(stores: Stores) -> None:
    said = tuple(Message(role=Role.USER, text=text) for text in NAUGHTY)
    thread = conversation(title="".join(NAUGHTY), tail=said)
    made = [turn(thread.id, question=text, answer=text, age=number) for number, text in enumerate(NAUGHTY)]

    for one in made:
        await stores.turns.settle(one, unstored(thread), reservation(), 0)
        thread = thread.after(one)

    assert (await stores.turns.list(thread.id, "owner", PageRequest(page_size=100))).items == tuple(made)
    assert await stores.turns.conversation(thread.id, "owner") == thread


async def test_another_tenants_turns_and_conversations_read_as_missing(stores: Stores) -> None:
    thread = conversation("somebody")
    made = turn(thread.id, "somebody")
    await stores.turns.settle(made, unstored(thread), reservation("somebody"), 0)

    assert await stores.turns.get(thread.id, made.id, "owner") is None
    assert await stores.turns.conversation(thread.id, "owner") is None
    assert (await stores.turns.list(thread.id, "owner", PageRequest())).items == ()
    assert (await stores.turns.conversations("owner", PageRequest())).items == ()


@pytest.mark.parametrize("absent", ["absent", "a/b", ""])
async def test_absent_ids_read_as_missing(stores: Stores, absent: str) -> None:
    assert await stores.turns.get(absent, absent, "owner") is None
    assert await stores.turns.conversation(absent, "owner") is None
    assert (await stores.turns.list(absent, "owner", PageRequest())).items == ()


async def test_turns_are_listed_newest_first_and_walk(stores: Stores) -> None:
    made = [turn("c", age=number) for number in range(5)]
    for one in [*made, turn("other")]:
        await stores.turns.reserve(one, reservation(), OFTEN)

    first = await stores.turns.list("c", "owner", PageRequest(page_size=4))
    second = await stores.turns.list("c", "owner", PageRequest(page_size=4, cursor=first.next_cursor))

    assert [*first.items, *second.items] == made
    assert second.next_cursor is None


async def test_conversations_are_listed_last_used_first_and_walk(stores: Stores) -> None:
    made = [conversation(age=number) for number in range(5)]
    for one in made:
        await stores.turns.settle(turn(one.id, updated_at=one.updated_at), unstored(one), reservation(), 0)

    first = await stores.turns.conversations("owner", PageRequest(page_size=4))
    second = await stores.turns.conversations("owner", PageRequest(page_size=4, cursor=first.next_cursor))

    assert [one.id for one in (*first.items, *second.items)] == [one.id for one in made]
    assert second.next_cursor is None


async def test_cursors_that_are_not_ours_are_refused_by_field(stores: Stores) -> None:
    with pytest.raises(InvalidArgumentError) as of_turns:
        await stores.turns.list("c", "owner", PageRequest(cursor="nonsense"))
    with pytest.raises(InvalidArgumentError) as of_conversations:
        await stores.turns.conversations("owner", PageRequest(cursor="nonsense"))

    assert (of_turns.value.field, of_conversations.value.field) == ("cursor", "cursor")


async def test_an_expired_turn_is_gone_before_the_store_removes_it(stores: Stores) -> None:
    gone, kept = turn("c", expire_at=NOW), turn("c", age=1, expire_at=after(1))
    for one in (gone, kept):
        await stores.turns.reserve(one, reservation(), OFTEN)

    assert await stores.turns.get("c", gone.id, "owner") is None
    assert (await stores.turns.list("c", "owner", PageRequest())).items == (kept,)


async def test_a_turn_without_a_lease_reads_as_interrupted_by_its_reader(stores: Stores) -> None:
    made = turn("c", lease_until=after(10))
    await stores.turns.reserve(made, reservation(), OFTEN)

    stored = await stores.turns.get("c", made.id, "owner")

    assert stored is not None
    assert [stored.seen_at(after(seconds)).status for seconds in (9, 11)] == [TurnStatus.RUNNING, TurnStatus.INTERRUPTED]
