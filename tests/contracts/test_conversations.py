"""Conversations and their turns as they are read, by their owners and by the system."""

import pytest

from shared.core.errors import ConflictError, InvalidArgumentError
from shared.domain.account import Account
from shared.domain.base import PageRequest
from shared.domain.bot import Visibility
from shared.domain.conversation import Message, Role, TurnStatus
from tests.contracts.conftest import Stores
from tests.contracts.lives import head_of, reserved, run
from tests.contracts.records import NAUGHTY, NOW, PLENTY, after, answered, bot, conversation, turn, unstored


async def test_a_context_is_the_callers_conversation_bot_and_account(stores: Stores) -> None:
    guide, thread, account = bot(), conversation(), Account(id="owner", username="owner", plan_id="pro")
    await stores.bots.create(guide, PLENTY)
    ended = await run(stores, turn(thread.id), unstored(thread))
    await stores.accounts.create(account)

    found = await stores.turns.context("owner", thread.id, guide.id)

    assert found.conversation == await head_of(stores, thread.id)
    assert found.conversation.value == thread.after(ended)
    assert (found.bot, found.account) == (guide, account)


@pytest.mark.parametrize("uid", ["github:12", "a/b", "ü@x.test"])
async def test_a_context_knows_the_account_of_any_uid(stores: Stores, uid: str) -> None:
    account = Account(id=uid, username="somebody", suspended=True)
    await stores.accounts.create(account)

    assert (await stores.turns.context(uid, None, None)).account == account


async def test_a_context_leaves_out_what_is_anothers(stores: Stores) -> None:
    guide, thread = bot("somebody"), conversation("somebody")
    await stores.bots.create(guide, PLENTY)
    await run(stores, turn(thread.id, "somebody"), unstored(thread))
    await stores.accounts.create(Account(id="somebody", username="somebody"))

    found = await stores.turns.context("owner", thread.id, guide.id)

    assert (found.conversation, found.bot, found.account) == (None, None, None)


async def test_a_context_leaves_out_what_is_being_deleted(stores: Stores) -> None:
    guide, thread = bot(deleted_at=NOW), conversation(deleted_at=NOW)
    await stores.bots.create(guide, PLENTY)
    await stores.turns.rewrite(unstored(thread), thread)

    found = await stores.turns.context("owner", thread.id, guide.id)

    assert (found.conversation, found.bot) == (None, None)


@pytest.mark.parametrize(
    ("change", "link", "is_found"),
    [
        ({}, "secret", True),
        ({}, "other", False),
        ({}, "", False),
        ({"visibility": Visibility.PRIVATE}, "secret", False),
        ({"deleted_at": NOW}, "secret", False),
    ],
)
async def test_a_link_opens_a_shared_bot_for_anybody(
    stores: Stores, change: dict[str, object], link: str, *, is_found: bool
) -> None:
    shared = bot("somebody", **{"visibility": Visibility.LINK, "link": "secret", **change})
    await stores.bots.create(shared, PLENTY)

    assert (await stores.turns.context("owner", None, shared.id, link)).bot == (shared if is_found else None)


@pytest.mark.parametrize("absent", [None, "absent", "a/b", ""])
async def test_a_context_of_nothing_is_empty(stores: Stores, absent: str | None) -> None:
    found = await stores.turns.context("owner", absent, absent)

    assert (found.conversation, found.bot, found.account) == (None, None, None)


async def test_texts_are_stored_byte_for_byte(stores: Stores) -> None:
    said = tuple(Message(role=Role.USER, text=text) for text in NAUGHTY)
    head = unstored(conversation(title="".join(NAUGHTY), tail=said))
    made = []
    for number, text in enumerate(NAUGHTY):
        made.append(await run(stores, turn(head.value.id, question=text, age=number), head, answer=text))
        head = await head_of(stores, head.value.id)

    assert (await stores.turns.list(head.value.id, "owner", PageRequest(page_size=100))).items == tuple(made)
    assert head.value.tail[-1].text == NAUGHTY[-1]
    assert head.value.title == "".join(NAUGHTY)


async def test_another_tenants_turns_and_conversations_read_as_missing(stores: Stores) -> None:
    thread = conversation("somebody")
    made = await run(stores, turn(thread.id, "somebody"), unstored(thread))

    assert await stores.turns.find(made.id, "owner") is None
    assert await stores.turns.head(thread.id, "owner") is None
    assert (await stores.turns.list(thread.id, "owner", PageRequest())).items == ()
    assert (await stores.turns.conversations("owner", PageRequest())).items == ()


@pytest.mark.parametrize("absent", ["absent", "absent-turn", "a/b", ""])
async def test_absent_ids_read_as_missing(stores: Stores, absent: str) -> None:
    assert await stores.turns.find(absent, "owner") is None
    assert await stores.turns.head(absent, "owner") is None
    assert (await stores.turns.list(absent, "owner", PageRequest())).items == ()


async def test_a_turn_is_found_by_its_id_alone_before_its_conversation_has_a_head(stores: Stores) -> None:
    read = await reserved(stores, turn("c"))

    assert await stores.turns.find(read.value.id, "owner") == read


async def test_a_turn_of_a_conversation_that_is_being_deleted_is_not_found(stores: Stores) -> None:
    thread = conversation(deleted_at=NOW)
    read = await reserved(stores, turn(thread.id))
    await stores.turns.rewrite(unstored(thread), thread)

    assert await stores.turns.find(read.value.id, "owner") is None
    assert await stores.turns.load(read.value.id) == read
    assert (await stores.turns.conversations("owner", PageRequest())).items == ()


async def test_turns_are_listed_newest_first_and_walk(stores: Stores) -> None:
    made = [turn("c", age=number) for number in range(5)]
    for one in [*made, turn("other")]:
        await reserved(stores, one)

    first = await stores.turns.list("c", "owner", PageRequest(page_size=4))
    second = await stores.turns.list("c", "owner", PageRequest(page_size=4, cursor=first.next_cursor))

    assert [*first.items, *second.items] == made
    assert second.next_cursor is None


async def test_conversations_are_listed_last_used_first_and_walk(stores: Stores) -> None:
    made = [conversation(age=number) for number in range(5)]
    for one in made:
        await run(stores, turn(one.id), unstored(one), updated_at=one.updated_at)

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
        await reserved(stores, one)

    assert await stores.turns.find(gone.id, "owner") is None
    assert (await stores.turns.list("c", "owner", PageRequest())).items == (kept,)


async def test_a_conversation_is_kept_as_long_as_its_turns_and_gone_before_the_store_removes_it(stores: Stores) -> None:
    gone, kept = (conversation(tail=(), turns=0, age=number) for number in range(2))
    for thread, expiries in ((gone, (NOW,)), (kept, (after(1), NOW))):
        for expire_at in expiries:
            head = await stores.turns.head(thread.id, "owner") or unstored(thread)
            await run(stores, turn(thread.id, expire_at=expire_at), head)

    assert await stores.turns.head(gone.id, "owner") is None
    assert (await stores.turns.context("owner", gone.id, None)).conversation is None
    assert (await head_of(stores, kept.id)).value.expire_at == after(1)
    assert [one.id for one in (await stores.turns.conversations("owner", PageRequest())).items] == [kept.id]


async def test_a_turn_without_a_lease_reads_as_interrupted_by_its_reader(stores: Stores) -> None:
    await reserved(stores, made := turn("c", lease_until=after(10)))

    stored = await stores.turns.find(made.id, "owner")

    assert stored is not None
    seen = [stored.value.seen_at(after(seconds)).status for seconds in (9, 11)]
    assert seen == [TurnStatus.RUNNING, TurnStatus.INTERRUPTED]


async def test_turns_whose_lease_has_ended_are_found_in_every_conversation_longest_ended_first(stores: Stores) -> None:
    ended = [await reserved(stores, turn(f"c{number}", lease_until=after(number))) for number in (2, 1, 3)]
    await reserved(stores, turn("c", lease_until=after(9)))
    thread = conversation()
    await run(stores, turn(thread.id, lease_until=after(1)), unstored(thread))

    assert await stores.turns.abandoned(after(3), 10) == [ended[1], ended[0], ended[2]]
    assert await stores.turns.abandoned(after(3), 1) == [ended[1]]


async def test_a_head_is_rewritten_only_as_it_was_read(stores: Stores) -> None:
    thread = conversation()
    named, other = (thread.model_copy(update={"title": title}) for title in ("Named", "Other"))

    await stores.turns.rewrite(unstored(thread), thread)
    read = await head_of(stores, thread.id)
    await stores.turns.rewrite(read, named)

    for stale in (read, unstored(thread)):
        with pytest.raises(ConflictError):
            await stores.turns.rewrite(stale, other)
    assert (await head_of(stores, thread.id)).value == named


async def test_a_settlement_keeps_the_title_that_was_given_meanwhile(stores: Stores) -> None:
    thread = conversation()
    read = await reserved(stores, turn(thread.id))
    await stores.turns.rewrite(unstored(thread), thread.model_copy(update={"title": "Named"}))

    await stores.turns.settle(read, answered(read.value), unstored(thread))

    head = (await head_of(stores, thread.id)).value
    assert (head.title, head.turns) == ("Named", thread.turns + 1)
