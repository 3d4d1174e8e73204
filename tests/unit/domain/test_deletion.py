"""What a deletion marks, gives back, waits for and keeps."""

from datetime import timedelta

import pytest

from shared.domain import deletion as rules
from shared.domain.deletion import FIRST_WAIT, LAST_LOOK, Deletion, DeletionKind, DeletionStatus, Head, Removed
from shared.domain.document import DocumentStatus, Failure, FailureCode
from shared.domain.pipeline import UPLOAD_LIFE
from shared.domain.plan import Stock
from tests.contracts.records import NOW, after, bot, conversation, document, turn

HEADS: list[Head] = [document(), bot(), conversation()]


def begun(head: Head | None = None) -> Deletion:
    return rules.requested(head or document(), "call", NOW)


@pytest.mark.parametrize("head", HEADS, ids=rules.kind_of)
def test_a_mark_makes_the_head_read_as_missing(head: Head) -> None:
    marked = rules.marked(head, NOW)
    assert (rules.is_marked(head), rules.is_marked(marked), marked.updated_at) == (False, True, NOW)
    assert (marked.id, marked.owner_id) == (head.id, head.owner_id)


def test_a_marked_conversation_holds_nothing_that_was_said() -> None:
    marked = rules.marked(conversation(), NOW)
    assert "Hello" not in marked.model_dump_json()


def test_a_deletion_is_named_after_what_it_deletes() -> None:
    deletions = [begun(head) for head in HEADS]
    assert [deletion.id for deletion in deletions] == [f"{rules.kind_of(head)}-{head.id}" for head in HEADS]
    assert [rules.topic_of(kind) for kind in DeletionKind] == ["purge-document", "purge-bot", "purge-conversation"]
    assert [deletion.bot_id for deletion in deletions] == ["bot", None, None]


def test_stock_is_given_back_for_what_holds_some() -> None:
    given_up = document(failure=Failure(code=FailureCode.UPLOAD_MISMATCH, message="Short."), status=DocumentStatus.FAILED)
    stocks = [rules.stock_of(head) for head in (*HEADS, given_up)]
    assert stocks == [Stock(documents=1, bytes=1000), Stock(bots=1), Stock(), Stock()]


def test_the_last_look_waits_for_an_upload_that_may_still_arrive() -> None:
    assert begun().last_look_at == NOW + LAST_LOOK
    assert begun(document(status=DocumentStatus.AWAITING_UPLOAD)).last_look_at == NOW + UPLOAD_LIFE


def test_counts_are_the_most_that_was_found_and_the_first_probe_stays() -> None:
    first = rules.surveyed(begun(), Removed(documents=1, chunks=9, objects=2), (1.0, 0.0))
    again = rules.surveyed(first, Removed(documents=1, chunks=3, objects=4))
    assert (again.removed, again.probe) == (Removed(documents=1, chunks=9, objects=4), (1.0, 0.0))


def test_a_deletion_that_is_driven_in_vain_is_driven_less_and_less_often() -> None:
    deletion, waits = begun(), []
    for _ in range(9):
        deletion = rules.driven(deletion, NOW)
        waits.append((deletion.due_at or NOW) - NOW)
    assert (waits[0], waits[1], waits[-1]) == (FIRST_WAIT, 2 * FIRST_WAIT, timedelta(hours=1))
    assert waits == sorted(waits)


def test_waiting_for_what_holds_it_up_is_no_try_in_vain() -> None:
    waiting = rules.postponed(rules.driven(begun(), NOW), after(60))
    assert (waiting.due_at, waiting.attempts) == (after(60), 0)


def test_the_end_keeps_a_receipt_and_asks_for_one_last_look() -> None:
    done = rules.finished(rules.surveyed(begun(), Removed(chunks=3), (1.0,)), after(60))
    assert (done.status, done.done_at, done.probe, done.removed.chunks) == (DeletionStatus.DONE, after(60), (), 3)
    assert (done.due_at, done.expire_at) == (NOW + LAST_LOOK, after(60) + rules.RECEIPT_LIFE)
    assert [done.is_open(at) for at in (after(60), NOW + LAST_LOOK)] == [False, True]
    looked = rules.finished(done, NOW + LAST_LOOK)
    assert (looked.due_at, looked.done_at, looked.is_open(after(10**6))) == (None, after(60), False)


def test_an_end_that_came_after_the_last_look_was_due_was_it() -> None:
    done = rules.finished(begun(), NOW + LAST_LOOK)
    assert (done.due_at, done.is_open(after(10**6))) == (None, False)


def test_a_last_look_that_was_driven_is_still_open() -> None:
    done = rules.finished(begun(), after(60))
    assert rules.driven(done, NOW + LAST_LOOK).is_open(NOW + LAST_LOOK)


def test_a_conversation_without_a_head_is_made_up_from_a_turn() -> None:
    made = rules.headless(turn("thread", "alice", bot_id="bot"))
    assert (made.id, made.owner_id, made.bot_id, made.title) == ("thread", "alice", "bot", "")
