"""The end of a turn in the store: in its conversation and on its payer's account once, whoever else wrote meanwhile."""

import asyncio

import pytest

from shared.core.errors import ConflictError, NotFoundError
from shared.domain.conversation import Message, Role, TurnStatus
from tests.contracts.conftest import Stores
from tests.contracts.lives import head_of, interrupted, reserved, run, spent, taking
from tests.contracts.records import NOW, OFTEN, answered, conversation, turn, unstored

SECONDS_TO_DECEMBER = 8 * 86_400 + 10 * 3600 + 14 * 60 + 29.876544


async def test_settling_stores_turn_and_conversation_and_corrects_the_usage(stores: Stores) -> None:
    thread = conversation()
    made = turn(thread.id)

    await run(stores, made, unstored(thread))

    stored, head = await stores.turns.load(made.id), await head_of(stores, thread.id)
    assert stored is not None
    assert (stored.value, head.value) == (answered(made), thread.after(answered(made)))
    assert await spent(stores) == 40


async def test_settling_more_than_was_reserved_counts_it(stores: Stores) -> None:
    await run(stores, turn(conversation().id, reserved_tokens=10), unstored(conversation()))

    assert await spent(stores) == 40


@pytest.mark.parametrize("is_stored", [False, True])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_two_turns_at_once_are_both_in_the_conversation(stores: Stores, order: tuple[int, int], *, is_stored: bool) -> None:
    read = unstored(conversation(tail=(), turns=0))
    if is_stored:
        await run(stores, turn(read.value.id, answer=""), read, answer="")
        read = await head_of(stores, read.value.id)
    made = [turn(read.value.id, question=asked) for asked in ("First?", "Second?")]
    held = [await reserved(stores, one) for one in made]

    for number in order:
        await stores.turns.settle(held[number], answered(made[number]), read)

    expected = read.value.after(answered(made[order[0]])).after(answered(made[order[1]]))
    assert (await head_of(stores, read.value.id)).value == expected
    assert (len(expected.tail), expected.turns) == (4, 2 + is_stored)
    assert await spent(stores) == 80 + 40 * is_stored


async def test_turns_that_end_at_the_same_moment_are_all_in_the_conversation(stores: Stores) -> None:
    read = unstored(conversation(tail=(), turns=0))
    held = [await reserved(stores, turn(read.value.id, question=f"{number}?")) for number in range(5)]

    await asyncio.gather(*(stores.turns.settle(one, answered(one.value), read) for one in held))

    head = (await head_of(stores, read.value.id)).value
    assert {said.text for said in head.tail if said.role is Role.USER} == {one.value.question for one in held}
    assert head.turns == 5
    assert await spent(stores) == 200


async def test_a_branch_takes_the_tail_from_its_parent_on(stores: Stores) -> None:
    head = unstored(conversation(tail=(), turns=0))
    first = await run(stores, turn(head.value.id, question="First?"), head)
    await run(stores, turn(head.value.id, question="Second?", parent_turn_id=first.id), head)
    branch = turn(head.value.id, question="Other?", parent_turn_id=first.id, is_branch=True)

    await run(stores, branch, await head_of(stores, head.value.id))

    thread = (await head_of(stores, head.value.id)).value
    assert [said.text for said in thread.tail if said.role is Role.USER] == ["First?", "Other?"]
    assert (thread.turns, thread.active_turn_id) == (3, branch.id)


async def test_a_branch_from_before_the_tail_brings_its_own_path(stores: Stores) -> None:
    head = unstored(conversation(turns=9))
    path = (Message(role=Role.USER, text="Long ago"),)

    await run(stores, turn(head.value.id, parent_turn_id="old", is_branch=True), head, path=path)

    assert [said.text for said in (await head_of(stores, head.value.id)).value.tail] == ["Long ago", "What is it?", "It is. [1]"]


async def test_a_settlement_on_top_of_a_wish_to_stop_or_of_ones_own_checkpoint_stands(stores: Stores) -> None:
    thread = conversation()
    read = await reserved(stores, turn(thread.id))
    await stores.turns.replace(read, read.value.model_copy(update={"stop_requested_at": NOW}))

    await stores.turns.settle(read, answered(read.value), unstored(thread))

    stored = await stores.turns.load(read.value.id)
    assert stored is not None
    assert (stored.value.status, (await head_of(stores, thread.id)).value.turns) == (TurnStatus.DONE, thread.turns + 1)


@pytest.mark.parametrize("status", [TurnStatus.RUNNING, TurnStatus.INTERRUPTED])
async def test_a_turn_that_another_has_is_not_settled(stores: Stores, status: TurnStatus) -> None:
    thread = conversation()
    read = await reserved(stores, turn(thread.id))
    others = read.value.model_copy(update={"holder": "other", "status": status})
    await stores.turns.replace(read, others)

    with pytest.raises(ConflictError):
        await stores.turns.settle(read, answered(read.value), unstored(thread))

    stored = await stores.turns.load(others.id)
    assert stored is not None
    assert (stored.value, await stores.turns.head(thread.id, "owner")) == (others, None)
    assert await spent(stores) == 100


async def test_who_finds_a_turn_abandoned_does_not_settle_it_once_its_holder_is_back(stores: Stores) -> None:
    thread = conversation()
    read = await reserved(stores, turn(thread.id))
    await stores.turns.replace(read, read.value.model_copy(update={"answer": "I was only slow"}))

    with pytest.raises(ConflictError):
        await stores.turns.settle(read, read.value.abandoned("sweeper", NOW), unstored(thread))


async def test_a_turn_that_is_gone_is_not_settled(stores: Stores) -> None:
    thread = conversation()
    read = await reserved(stores, turn(thread.id))
    await stores.turns.forget(read)

    with pytest.raises(NotFoundError):
        await stores.turns.settle(read, answered(read.value), unstored(thread))

    assert (await stores.turns.load(read.value.id), await stores.turns.head(thread.id, "owner")) == (None, None)
    assert await spent(stores) == 0


async def test_a_turn_of_a_conversation_that_was_deleted_meanwhile_goes_with_it_and_is_charged(stores: Stores) -> None:
    thread = conversation()
    read = await reserved(stores, turn(thread.id))
    tombstone = thread.model_copy(update={"deleted_at": NOW})
    await stores.turns.rewrite(unstored(thread), tombstone)

    with pytest.raises(NotFoundError):
        await stores.turns.settle(read, answered(read.value), unstored(thread))

    assert (await stores.turns.load(read.value.id), (await head_of(stores, thread.id)).value) == (None, tombstone)
    assert await spent(stores) == 40


async def test_who_finds_a_dead_turn_of_a_deleted_conversation_does_not_leave_it_there(stores: Stores) -> None:
    thread = conversation()
    tombstone = thread.model_copy(update={"deleted_at": NOW})
    await stores.turns.rewrite(unstored(thread), tombstone)
    read = await reserved(stores, turn(thread.id))

    with pytest.raises(NotFoundError):
        await stores.turns.settle(read, read.value.abandoned("sweeper", NOW), await head_of(stores, thread.id))

    assert (await stores.turns.load(read.value.id), (await head_of(stores, thread.id)).value) == (None, tombstone)
    assert await spent(stores) == 0


async def test_a_second_settlement_counts_the_turn_no_more_and_shows_its_better_answer(stores: Stores) -> None:
    read = await interrupted(stores)
    again = (await stores.turns.reserve(taking(read), OFTEN, over=read)).turn
    head = await head_of(stores, read.value.conversation_id)
    calls = (*read.value.calls, *read.value.calls)
    ended = {"calls": calls, "answer": "Better.", "status": TurnStatus.DONE, "settlements": 2, "lease_until": None}

    await stores.turns.settle(again, again.value.model_copy(update=ended), head)

    thread = (await head_of(stores, read.value.conversation_id)).value
    assert (thread.turns, thread.tail[-1].text, len(thread.tail)) == (head.value.turns, "Better.", len(head.value.tail))
    assert await spent(stores) == 80


async def test_a_forgotten_turn_that_ran_is_charged_what_it_used(stores: Stores) -> None:
    made = turn("c", calls=answered(turn("c")).calls)
    read = await reserved(stores, made)

    await stores.turns.forget(read)
    await stores.turns.forget(read)

    assert (await stores.turns.load(made.id), await spent(stores)) == (None, 40)


async def test_a_turn_that_has_changed_is_not_forgotten(stores: Stores) -> None:
    read = await reserved(stores, turn("c"))
    await stores.turns.replace(read, read.value.model_copy(update={"answer": "It"}))

    with pytest.raises(ConflictError):
        await stores.turns.forget(read)
