"""Receipts of calls, provider holds and dead letters: each is recorded once, and the right one wins."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import ConflictError
from shared.domain.base import PageRequest
from shared.domain.dead_letter import DeadLetter
from shared.domain.receipt import Receipt, ReceiptState
from tests.contracts.conftest import Stores
from tests.contracts.records import NAUGHTY, NOW, after, receipt


async def test_the_first_call_holds_the_key(stores: Stores) -> None:
    assert await stores.receipts.open(receipt(), NOW) is None


async def test_a_second_call_is_shown_the_held_receipt(stores: Stores) -> None:
    await stores.receipts.open(receipt(), NOW)

    assert await stores.receipts.open(receipt("call-2"), after(59)) == receipt()


@pytest.mark.parametrize("answer", [None, False, 0, "", [], {}, [[1], [[]]], {"": {"a.b": 2**70}, "texts": list(NAUGHTY)}, 1.5])
async def test_an_answer_is_replayed_as_itself(stores: Stores, answer: Any) -> None:
    await stores.receipts.open(receipt(), NOW)
    await stores.receipts.close(receipt(), answer)

    replayed = await stores.receipts.open(receipt("call-2"), after(3600))

    assert replayed == receipt(state=ReceiptState.DONE, answer=answer)
    assert replayed is not None
    assert type(replayed.answer) is type(answer)


async def test_another_payload_with_the_same_key_meets_the_first_fingerprint(stores: Stores) -> None:
    await stores.receipts.open(receipt(), NOW)

    stored = await stores.receipts.open(receipt("call-2", fingerprint="f2"), after(1))

    assert stored is not None
    assert stored.fingerprint == "f1"


async def test_a_receipt_whose_lease_has_ended_goes_to_the_next_call(stores: Stores) -> None:
    await stores.receipts.open(receipt(), NOW)
    second = receipt("call-2", lease_until=after(120))

    assert await stores.receipts.open(second, after(60)) is None
    assert await stores.receipts.open(receipt("call-3"), after(61)) == second


async def test_who_lost_the_key_cannot_close_it(stores: Stores) -> None:
    await stores.receipts.open(receipt(), NOW)
    await stores.receipts.open(receipt("call-2", lease_until=after(120)), after(60))

    with pytest.raises(ConflictError):
        await stores.receipts.close(receipt(), "mine")

    await stores.receipts.close(receipt("call-2", lease_until=after(120)), "theirs")
    assert _answer(await stores.receipts.open(receipt("call-3"), after(61))) == "theirs"


async def test_a_key_that_was_never_opened_cannot_be_closed(stores: Stores) -> None:
    with pytest.raises(ConflictError):
        await stores.receipts.close(receipt(), "x")

    assert await stores.receipts.open(receipt(), NOW) is None


async def test_a_lease_that_ended_unclaimed_can_still_be_closed(stores: Stores) -> None:
    await stores.receipts.open(receipt(lease_until=after(-1)), after(-60))

    await stores.receipts.close(receipt(lease_until=after(-1)), "late")

    assert _answer(await stores.receipts.open(receipt("call-2"), NOW)) == "late"


async def test_a_released_key_is_free_again(stores: Stores) -> None:
    await stores.receipts.open(receipt(), NOW)
    await stores.receipts.release(receipt())

    assert await stores.receipts.open(receipt("call-2"), NOW) is None


async def test_who_lost_the_key_releases_nothing(stores: Stores) -> None:
    await stores.receipts.open(receipt(), NOW)
    second = receipt("call-2", lease_until=after(120))
    await stores.receipts.open(second, after(60))

    await stores.receipts.release(receipt())

    assert await stores.receipts.open(receipt("call-3"), after(61)) == second


async def test_an_answer_is_not_released(stores: Stores) -> None:
    await stores.receipts.open(receipt(), NOW)
    await stores.receipts.close(receipt(), 1)

    await stores.receipts.release(receipt())

    assert _answer(await stores.receipts.open(receipt("call-2"), NOW)) == 1


async def test_releasing_an_absent_key_is_silent(stores: Stores) -> None:
    await stores.receipts.release(receipt())

    assert await stores.receipts.open(receipt(), NOW) is None


async def test_an_expired_answer_binds_nobody(stores: Stores) -> None:
    await stores.receipts.open(receipt(expire_at=after(100)), NOW)
    await stores.receipts.close(receipt(expire_at=after(100)), "old")

    assert await stores.receipts.open(receipt("call-2", lease_until=after(200)), after(100)) is None


async def test_of_fifty_calls_at_once_one_holds_the_key(stores: Stores) -> None:
    calls = (stores.receipts.open(receipt(f"call-{number}"), NOW) for number in range(50))

    answers = await asyncio.gather(*calls)

    assert answers.count(None) == 1
    assert len({answer.holder for answer in answers if answer}) == 1


async def test_of_fifty_calls_at_once_on_an_ended_lease_one_holds_the_key(stores: Stores) -> None:
    await stores.receipts.open(receipt(lease_until=after(-1)), after(-60))

    answers = await asyncio.gather(*(stores.receipts.open(receipt(f"call-{number}"), NOW) for number in range(2, 52)))

    assert answers.count(None) == 1
    assert "call-1" not in {answer.holder for answer in answers if answer}


async def test_a_provider_without_a_hold_has_none(stores: Stores) -> None:
    assert await stores.holds.until("gemini-3.5-flash") is None


async def test_a_later_hold_stands_against_an_earlier_one(stores: Stores) -> None:
    for seconds in (10, 30.25, 20):
        await stores.holds.hold("openai/gpt", after(seconds))

    until = await stores.holds.until("openai/gpt")

    assert until is not None
    assert abs(until - after(30.25)) < timedelta(milliseconds=1)
    assert await stores.holds.until("openai") is None


def _letter(**fields: Any) -> DeadLetter:
    known = {"topic": "embed-chunks", "body": "{}", "attributes": {"correlation_id": "c"}, "recorded_at": NOW}
    return DeadLetter(id="8723", document_id="d", delivery_attempts=10, **{**known, **fields})


async def test_a_dead_letter_is_recorded_once(stores: Stores) -> None:
    recorded = [await stores.dead_letters.record(letter) for letter in (_letter(), _letter(recorded_at=after(9)))]

    assert recorded == [True, False]
    assert await stores.dead_letters.get("8723") == _letter()


async def test_a_dead_letter_keeps_body_and_attributes_byte_for_byte(stores: Stores) -> None:
    letter = _letter(body="".join(NAUGHTY), attributes={f"k{n}": text for n, text in enumerate(NAUGHTY)} | {"a.b`c": ""})

    await stores.dead_letters.record(letter)

    assert await stores.dead_letters.get("8723") == letter


async def test_letters_are_listed_newest_first_in_pages_of_all_topics_or_of_one(stores: Stores) -> None:
    for number, topic in enumerate(("embed-chunks", "index-chunks", "embed-chunks")):
        await stores.dead_letters.record(_letter(topic=topic, recorded_at=after(number)).model_copy(update={"id": str(number)}))

    first = await stores.dead_letters.list(PageRequest(page_size=2))
    rest = await stores.dead_letters.list(PageRequest(page_size=2, cursor=first.next_cursor))
    of_one = await stores.dead_letters.list(PageRequest(), "embed-chunks")

    assert [letter.id for letter in (*first.items, *rest.items)] == ["2", "1", "0"]
    assert (rest.next_cursor, [letter.id for letter in of_one.items]) == (None, ["2", "0"])


async def test_a_replay_is_noted_and_of_an_absent_letter_nothing(stores: Stores) -> None:
    await stores.dead_letters.record(_letter())

    for letter_id in ("8723", "absent"):
        await stores.dead_letters.mark_replayed(letter_id, after(5))

    assert await stores.dead_letters.get("8723") == _letter(replayed_at=after(5))
    assert await stores.dead_letters.get("absent") is None


@pytest.mark.parametrize("absent", ["1", "a/b", ""])
async def test_an_absent_letter_is_none(stores: Stores, absent: str) -> None:
    assert await stores.dead_letters.get(absent) is None


def _answer(stored: Receipt | None) -> Any:
    assert stored is not None
    return stored.answer
