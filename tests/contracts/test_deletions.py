"""Deletions: mark, receipt and stock are one commit that happens once, and what lies under a head goes in batches."""

import asyncio
from typing import Any

import pytest

from shared.core.errors import ConflictError, ResourceExhaustedError
from shared.domain import deletion as rules
from shared.domain.base import PageRequest
from shared.domain.conversation import TurnStatus
from shared.domain.deletion import Deletion, DeletionKind, Head
from shared.domain.document import Document, DocumentSource, DocumentStatus, Failure, FailureCode, Stage
from shared.domain.plan import Stock
from shared.domain.step import StepKey
from shared.ports.store import Versioned
from tests.contracts.conftest import Stores
from tests.contracts.records import NOW, OFTEN, PLENTY, after, bot, document, turn

DOCUMENT, BOT, CONVERSATION = DeletionKind


async def begun(stores: Stores, kind: DeletionKind, target_id: str) -> Deletion:
    """The deletion of the owner's thing."""
    read = await found(stores, kind, target_id)
    deletion = rules.requested(read.value, "call-1", NOW)
    await stores.deletions.begin(read, rules.marked(read.value, NOW), deletion)
    return deletion


async def found(stores: Stores, kind: DeletionKind, target_id: str) -> Versioned[Head]:
    read = await stores.deletions.target(kind, target_id, "owner")
    assert read is not None
    return read


async def loaded(stores: Stores, deletion: Deletion) -> Versioned[Deletion]:
    read = await stores.deletions.load(deletion.id)
    assert read is not None
    return read


async def learning(stores: Stores, **fields: Any) -> Document:
    made = document(**fields)
    await stores.documents.create(made, PLENTY)
    return made


async def test_a_begun_deletion_is_read_back_whole_and_its_document_reads_as_missing(stores: Stores) -> None:
    made = await learning(stores, status=DocumentStatus.READY, live_generation=1)

    deletion = await begun(stores, DOCUMENT, made.id)

    assert await stores.deletions.get(deletion.id, "owner") == deletion
    assert await stores.documents.get(made.id, "owner") is None
    assert await stores.documents.get_many([made.id], "owner") == {}
    assert (await stores.documents.list("owner", "bot", PageRequest())).items == ()
    head = await stores.documents.load(made.id)
    assert head is not None
    assert (head.value.status, head.value.live_generation, head.value.due_at) == (DocumentStatus.DELETING, 0, None)


async def test_a_page_is_short_by_what_is_being_deleted_and_still_walks(stores: Stores) -> None:
    made = [await learning(stores, age=number) for number in range(3)]
    await begun(stores, DOCUMENT, made[0].id)

    first = await stores.documents.list("owner", "bot", PageRequest(page_size=2))
    rest = await stores.documents.list("owner", "bot", PageRequest(page_size=2, cursor=first.next_cursor))

    assert [first.items, rest.items] == [(made[1],), (made[2],)]


async def test_a_marked_document_is_still_the_target(stores: Stores) -> None:
    made = await learning(stores)
    await begun(stores, DOCUMENT, made.id)

    assert rules.is_marked((await found(stores, DOCUMENT, made.id)).value)


@pytest.mark.parametrize("kind", DeletionKind)
@pytest.mark.parametrize("target_id", ["absent", "a/b", ""])
async def test_nothing_is_no_target(stores: Stores, kind: DeletionKind, target_id: str) -> None:
    assert await stores.deletions.target(kind, target_id, "owner") is None


async def test_anothers_thing_is_no_target_and_its_deletion_reads_as_missing(stores: Stores) -> None:
    made, theirs = await learning(stores), turn("theirs", "somebody", id="theirs-1")
    await stores.turns.reserve(theirs, OFTEN)
    deletion = await begun(stores, DOCUMENT, made.id)

    assert await stores.deletions.target(DOCUMENT, made.id, "somebody") is None
    assert await stores.deletions.target(CONVERSATION, "theirs", "owner") is None
    assert await stores.deletions.get(deletion.id, "somebody") is None


@pytest.mark.parametrize("absent", ["absent", "a/b", ""])
async def test_no_deletion_is_found_where_there_is_none(stores: Stores, absent: str) -> None:
    assert await stores.deletions.get(absent, "owner") is None
    assert await stores.deletions.load(absent) is None


async def test_a_documents_stock_is_given_back_once(stores: Stores) -> None:
    limits = Stock(documents=1, bytes=1000)
    made = document()
    await stores.documents.create(made, limits)
    read = await found(stores, DOCUMENT, made.id)
    deletion = rules.requested(read.value, None, NOW)
    for _ in range(2):
        await stores.deletions.begin(read, rules.marked(read.value, NOW), deletion)

    await stores.documents.create(document(), limits)
    with pytest.raises(ResourceExhaustedError):
        await stores.documents.create(document(), limits)


async def test_a_document_that_gave_its_stock_back_as_it_failed_does_not_again(stores: Stores) -> None:
    limits = Stock(documents=1, bytes=1000)
    given_up = Failure(code=FailureCode.UPLOAD_EXPIRED, message="Too late.")
    made = document()
    await stores.documents.create(made, limits)
    read = await stores.documents.load(made.id)
    assert read is not None
    await stores.documents.release(read, made.model_copy(update={"status": DocumentStatus.FAILED, "failure": given_up}))
    await stores.documents.create(document(), limits)

    await begun(stores, DOCUMENT, made.id)

    with pytest.raises(ResourceExhaustedError):
        await stores.documents.create(document(), limits)


async def test_a_head_that_has_changed_since_it_was_read_is_a_conflict_and_stays(stores: Stores) -> None:
    made = await learning(stores)
    read = await found(stores, DOCUMENT, made.id)
    await stores.documents.report_retry(made.id, 2, after(60), after(60))
    deletion = rules.requested(read.value, None, NOW)

    with pytest.raises(ConflictError):
        await stores.deletions.begin(read, rules.marked(read.value, NOW), deletion)

    assert await stores.deletions.load(deletion.id) is None
    assert await stores.documents.get(made.id, "owner") is not None


async def test_of_many_begins_at_once_one_wins(stores: Stores) -> None:
    made = await learning(stores)
    read = await found(stores, DOCUMENT, made.id)
    deletions = [rules.requested(read.value, f"call-{number}", NOW) for number in range(10)]

    begins = (stores.deletions.begin(read, rules.marked(read.value, NOW), deletion) for deletion in deletions)
    results = await asyncio.gather(*begins, return_exceptions=True)

    assert [isinstance(result, ConflictError) for result in results].count(True) == 9
    assert await stores.deletions.get(deletions[0].id, "owner") == deletions[results.index(None)]


async def test_a_deleted_bot_reads_as_missing_and_gives_its_place_back(stores: Stores) -> None:
    made, limits = bot(), Stock(bots=1)
    await stores.bots.create(made, limits)

    await begun(stores, BOT, made.id)

    assert await stores.bots.get(made.id, "owner") is None
    await stores.bots.create(bot(), limits)
    with pytest.raises(ResourceExhaustedError):
        await stores.bots.create(bot(), limits)


async def test_a_conversation_of_which_only_a_turn_is_stored_gets_a_tombstone(stores: Stores) -> None:
    await stores.turns.reserve(turn("thread", id="thread-1", bot_id="bot"), OFTEN)

    deletion = await begun(stores, CONVERSATION, "thread")

    head = await stores.turns.head("thread", "owner")
    assert head is not None
    assert (head.value.deleted_at, head.value.title, deletion.bot_id) == (NOW, "", "bot")
    assert await stores.turns.find("thread-1", "owner") is None
    assert (await stores.turns.conversations("owner", PageRequest())).items == ()


async def test_a_head_that_comes_while_a_headless_conversation_is_marked_is_a_conflict(stores: Stores) -> None:
    running = turn("thread", id="thread-1")
    await stores.turns.reserve(running, OFTEN)
    read = await found(stores, CONVERSATION, "thread")
    assert isinstance(read.value, rules.Conversation)
    await stores.turns.rewrite(Versioned(read.value, None), read.value)

    with pytest.raises(ConflictError):
        await stores.deletions.begin(read, rules.marked(read.value, NOW), rules.requested(read.value, None, NOW))


async def test_a_replaced_deletion_has_a_new_version_and_the_old_one_is_a_conflict(stores: Stores) -> None:
    read = await loaded(stores, await begun(stores, DOCUMENT, (await learning(stores)).id))
    probed = rules.surveyed(read.value, rules.Removed(chunks=3), (0.6, 0.8))

    after_it = await stores.deletions.replace(read, probed)

    assert after_it == await loaded(stores, probed)
    assert await stores.deletions.replace(read, probed) == after_it
    with pytest.raises(ConflictError):
        await stores.deletions.replace(read, rules.postponed(probed, after(9)))
    await stores.deletions.replace(after_it, rules.postponed(probed, after(9)))


@pytest.mark.parametrize("kind", [DOCUMENT, BOT])
async def test_the_end_of_a_deletion_takes_the_head_along(stores: Stores, kind: DeletionKind) -> None:
    made = document() if kind is DOCUMENT else bot()
    await (stores.documents.create(made, PLENTY) if isinstance(made, Document) else stores.bots.create(made, PLENTY))
    read = await loaded(stores, await begun(stores, kind, made.id))

    for _ in range(2):
        await stores.deletions.finish(read, rules.finished(read.value, after(1)))

    assert await stores.deletions.target(kind, made.id, "owner") is None
    assert await stores.deletions.get(read.value.id, "owner") == rules.finished(read.value, after(1))
    with pytest.raises(ConflictError):
        await stores.deletions.finish(read, rules.finished(read.value, after(2)))


async def test_the_end_of_a_conversations_deletion_leaves_a_tombstone_that_expires(stores: Stores) -> None:
    await stores.turns.reserve(turn("thread", id="thread-1"), OFTEN)
    read = await loaded(stores, await begun(stores, CONVERSATION, "thread"))

    await stores.deletions.finish(read, rules.finished(read.value, NOW))

    head = await stores.turns.head("thread", "owner")
    assert head is not None
    assert (head.value.deleted_at, head.value.expire_at) == (NOW, NOW + rules.TOMBSTONE_LIFE)


async def test_an_expired_receipt_reads_as_missing(stores: Stores) -> None:
    read = await loaded(stores, await begun(stores, DOCUMENT, (await learning(stores)).id))

    await stores.deletions.finish(read, rules.finished(read.value, NOW - rules.RECEIPT_LIFE))

    assert await stores.deletions.get(read.value.id, "owner") is None


async def test_a_document_made_again_under_its_id_is_deleted_again(stores: Stores) -> None:
    made = await learning(stores)
    first = await loaded(stores, await begun(stores, DOCUMENT, made.id))
    await stores.deletions.finish(first, rules.finished(first.value, NOW))
    await stores.documents.create(made, PLENTY)

    again = await begun(stores, DOCUMENT, made.id)

    assert (await loaded(stores, again)).value == again


async def test_due_deletions_come_longest_due_first_and_done_ones_not_at_all(stores: Stores) -> None:
    reads = [await loaded(stores, await begun(stores, DOCUMENT, (await learning(stores)).id)) for _ in range(4)]
    late, later, future, done = reads
    for read, seconds in ((late, -9), (later, -99), (future, 1)):
        await stores.deletions.replace(read, rules.postponed(read.value, after(seconds)))
    await stores.deletions.finish(done, rules.finished(done.value, after(3600)))

    assert [read.value.id for read in await stores.deletions.due(NOW, 10)] == [later.value.id, late.value.id]
    assert [read.value.id for read in await stores.deletions.due(NOW, 1)] == [later.value.id]
    [due, *_] = await stores.deletions.due(NOW, 1)
    await stores.deletions.replace(due, rules.driven(due.value, NOW))


async def test_steps_are_counted_and_removed_in_batches(stores: Stores) -> None:
    for shard in range(5):
        for document_id in ("d", "e"):
            key = StepKey(document_id=document_id, generation=1 + shard % 2, stage=Stage.EMBED, shard=shard)
            await stores.ledger.claim(key, "holder", NOW, after(60))

    assert await stores.remains.count(DOCUMENT, "d") == 5
    assert [await stores.remains.remove(DOCUMENT, "d", 3) for _ in range(3)] == [3, 2, 0]
    assert [await stores.remains.count(DOCUMENT, key) for key in ("d", "e")] == [0, 5]


async def test_a_bots_versions_and_documents_are_found(stores: Stores) -> None:
    made = bot()
    await stores.bots.create(made, PLENTY)
    own = [await learning(stores, bot_id=made.id, age=number) for number in range(2)]
    await learning(stores, bot_id="other")
    await begun(stores, DOCUMENT, own[0].id)

    listed = await stores.remains.documents(made.id, "owner", 10)

    assert ({one.id for one in listed}, len(await stores.remains.documents(made.id, "owner", 1))) == ({one.id for one in own}, 1)
    assert await stores.remains.count_documents(made.id, "owner") == 2
    assert await stores.remains.remove(BOT, made.id, 10) == 1
    assert await stores.remains.count(BOT, made.id) == 0


async def test_what_was_found_in_a_document_is_its_children_and_nobody_elses(stores: Stores) -> None:
    parent = await learning(stores)
    found = [await learning(stores, parent_id=parent.id, source=DocumentSource.ATTACHMENT, age=number) for number in range(2)]
    await learning(stores, parent_id="another", source=DocumentSource.ATTACHMENT)
    await learning(stores, parent_id=parent.id, source=DocumentSource.ATTACHMENT, owner_id="stranger")
    await begun(stores, DOCUMENT, found[0].id)

    children = await stores.remains.children(parent.id, "owner", 10)

    assert {one.id: one.status for one in children} == {found[0].id: DocumentStatus.DELETING, found[1].id: found[1].status}
    assert len(await stores.remains.children(parent.id, "owner", 1)) == 1
    assert list(await stores.remains.children(found[0].id, "owner", 10)) == []


async def test_turns_that_were_not_settled_are_left_for_whoever_settles_or_forgets_them(stores: Stores) -> None:
    running, done = turn("thread", id="thread-1"), turn("thread", id="thread-2", status=TurnStatus.INTERRUPTED)
    for one in (running, done):
        await stores.turns.reserve(one, OFTEN)

    assert await stores.remains.remove(CONVERSATION, "thread", 10) == 1
    [read] = await stores.remains.running_turns("thread", 10)
    assert read.value == running
    await stores.turns.forget(read)
    assert await stores.remains.count(CONVERSATION, "thread") == 0


async def test_the_last_live_lease_of_all_generations_holds_a_document(stores: Stores) -> None:
    for generation, seconds in ((1, 60), (2, 90), (3, -1)):
        key = StepKey(document_id="d", generation=generation, stage=Stage.EMBED, shard=0)
        claim = await stores.ledger.claim(key, "holder", after(-99), after(seconds))
        if generation == 2:
            await stores.ledger.complete(claim, {}, NOW)

    assert await stores.ledger.held_until("d", NOW) == after(60)
    assert await stores.ledger.held_until("d", after(60)) is None
    assert await stores.ledger.held_until("e", NOW) is None
