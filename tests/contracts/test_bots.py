"""Bots: owned, listed newest first, and never more than the plan allows."""

import asyncio

import pytest

from shared.core.errors import AlreadyExistsError, InvalidArgumentError, ResourceExhaustedError
from shared.domain.base import PageRequest
from shared.domain.bot import Bot, BotDraft
from shared.domain.plan import Stock
from tests.contracts.conftest import Stores
from tests.contracts.records import NAUGHTY, PLENTY, bot

ODD_IDS = ("", ".", "..", "a/b", "__bot__", "ü", "a b", "x" * 129)


async def test_a_created_bot_is_read_back_whole(stores: Stores) -> None:
    made = bot()

    await stores.bots.create(made, PLENTY)

    assert await stores.bots.get(made.id, "owner") == made


async def test_texts_are_stored_byte_for_byte(stores: Stores) -> None:
    drafts = [BotDraft(name=f"n{number}", description=text, instructions=text) for number, text in enumerate(NAUGHTY)]
    made = [bot(configuration=draft) for draft in drafts]

    for one in made:
        await stores.bots.create(one, PLENTY)

    assert [await stores.bots.get(one.id, "owner") for one in made] == made


async def test_another_tenants_bot_reads_as_missing(stores: Stores) -> None:
    made = bot("somebody")
    await stores.bots.create(made, PLENTY)

    assert await stores.bots.get(made.id, "owner") is None
    assert (await stores.bots.list("owner", PageRequest())).items == ()


@pytest.mark.parametrize("odd", ODD_IDS)
async def test_an_id_that_cannot_exist_reads_as_missing(stores: Stores, odd: str) -> None:
    assert await stores.bots.get(odd, "owner") is None


async def test_a_taken_id_is_refused_and_counts_nothing(stores: Stores) -> None:
    made = bot()
    await stores.bots.create(made, Stock(bots=2))

    with pytest.raises(AlreadyExistsError):
        await stores.bots.create(bot(id=made.id, age=1), Stock(bots=2))

    await stores.bots.create(bot(), Stock(bots=2))
    assert await stores.bots.get(made.id, "owner") == made


async def test_the_same_bot_again_is_stored_and_counted_once(stores: Stores) -> None:
    made = bot()
    await stores.bots.create(made, Stock(bots=2))

    await stores.bots.create(made, Stock(bots=2))

    await stores.bots.create(bot(), Stock(bots=2))
    assert await stores.bots.get(made.id, "owner") == made


async def test_a_bot_over_the_limit_is_refused_by_name_and_leaves_nothing(stores: Stores) -> None:
    await stores.bots.create(bot(), Stock(bots=1))
    refused = bot()

    with pytest.raises(ResourceExhaustedError, match="1 bots"):
        await stores.bots.create(refused, Stock(bots=1))

    assert await stores.bots.get(refused.id, "owner") is None
    await stores.bots.create(refused, Stock(bots=2))
    assert await stores.bots.get(refused.id, "owner") == refused


async def test_limits_of_things_that_a_bot_is_not_do_not_touch_it(stores: Stores) -> None:
    made = bot()

    await stores.bots.create(made, Stock(bots=1, documents=0, bytes=0))

    assert await stores.bots.get(made.id, "owner") == made


async def test_fifty_creates_at_once_against_a_limit_of_twenty_leave_twenty(stores: Stores) -> None:
    made = [bot() for _ in range(50)]

    results = await asyncio.gather(*(stores.bots.create(one, Stock(bots=20)) for one in made), return_exceptions=True)

    refused = [result for result in results if isinstance(result, ResourceExhaustedError)]
    stored = [one for one in made if await stores.bots.get(one.id, "owner")]
    assert (len(refused), len(stored)) == (30, 20)


async def test_a_page_is_newest_first_and_the_cursor_walks_to_the_end(stores: Stores) -> None:
    made = [bot(age=number // 2) for number in range(7)]
    for one in made:
        await stores.bots.create(one, PLENTY)

    walked = await _walk(stores, page_size=3)

    assert [len(page) for page in walked] == [3, 3, 1]
    assert [one for page in walked for one in page] == sorted(made, key=lambda one: (one.created_at, one.id), reverse=True)


async def test_a_list_that_just_fills_its_page_has_no_next(stores: Stores) -> None:
    for _ in range(3):
        await stores.bots.create(bot(), PLENTY)

    assert (await stores.bots.list("owner", PageRequest(page_size=3))).next_cursor is None


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "====",
        "bnVsbA==",  # null
        "WzFd",  # [1], a cursor of another list
        "WyJub3ciLCJhIl0=",  # ["now","a"]
        "WyIyMDI2LTExLTIyVDAwOjAwOjAwIiwiYSJd",  # a time without a zone
        "WyIyMDI2LTExLTIyVDAwOjAwOjAwKzAwOjAwIiwiYS9iIl0=",  # an id with a slash
        "W1tbW1tbW1tbW1tb",  # cut JSON
    ],
)
async def test_a_cursor_that_is_not_ours_is_refused_by_field(stores: Stores, cursor: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        await stores.bots.list("owner", PageRequest(cursor=cursor))

    assert refused.value.field == "cursor"


async def _walk(stores: Stores, page_size: int) -> list[tuple[Bot, ...]]:
    pages, cursor = [], None
    while True:
        page = await stores.bots.list("owner", PageRequest(page_size=page_size, cursor=cursor))
        pages.append(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return pages
