"""The log of a bot: every visitor's turns for the one who pays for them, and nobody else's."""

import base64
import json

import pytest

from shared.core.errors import InvalidArgumentError
from shared.domain.base import PageRequest
from shared.domain.conversation import Turn
from shared.domain.figures import FIGURES_DAYS, Figures
from tests.contracts.conftest import Stores
from tests.contracts.records import NOW, OFTEN, after, turn

DAY = 24 * 3600


async def asked(stores: Stores, asker: str = "visitor", *, age: float = 0, thread: str = "thread", **fields: object) -> Turn:
    """A turn with the owner's bot."""
    made = turn(thread, asker, age=age, **{"bot_id": "bot", "bot_owner_id": "owner", **fields})
    await stores.turns.reserve(made, OFTEN)
    return made


async def test_the_log_holds_every_askers_turns_newest_first(stores: Stores) -> None:
    made = [await asked(stores, f"visitor-{age}", age=age, thread=f"thread-{age}") for age in range(3)]

    assert (await stores.log.turns("bot", "owner", PageRequest())).items == tuple(made)


async def test_its_cursor_walks_to_the_end_over_turns_of_one_moment(stores: Stores) -> None:
    made = [await asked(stores, thread=f"thread-{number}") for number in range(5)]

    walked, cursor = [], None
    while True:
        page = await stores.log.turns("bot", "owner", PageRequest(page_size=2, cursor=cursor))
        walked += page.items
        cursor = page.next_cursor
        if cursor is None:
            break

    assert walked == sorted(made, key=lambda one: one.id, reverse=True)


async def test_its_cursor_walks_from_moment_to_moment(stores: Stores) -> None:
    made = [await asked(stores, age=number // 3, thread=f"thread-{number}") for number in range(7)]

    first = await stores.log.turns("bot", "owner", PageRequest(page_size=4))
    rest = await stores.log.turns("bot", "owner", PageRequest(page_size=4, cursor=first.next_cursor))

    assert (len(first.items), len(rest.items), rest.next_cursor) == (4, 3, None)
    assert sorted(one.id for one in first.items + rest.items) == sorted(one.id for one in made)


async def test_a_cursor_tells_nothing_of_whose_turns_were_shown(stores: Stores) -> None:
    for number in range(2):
        await asked(stores, "mallory", thread=f"secret-thread-{number}")

    page = await stores.log.turns("bot", "owner", PageRequest(page_size=1))

    assert page.next_cursor
    assert json.loads(base64.urlsafe_b64decode(page.next_cursor)) == [NOW.isoformat(), 1]


async def test_it_holds_nothing_of_other_bots_or_of_bots_that_others_pay_for(stores: Stores) -> None:
    await asked(stores, bot_id="another")
    await asked(stores, bot_owner_id="somebody")

    assert (await stores.log.turns("bot", "owner", PageRequest())).items == ()
    assert (await stores.log.figures("bot", "owner")).turns == 0
    assert (await stores.log.turns("bot", "visitor", PageRequest())).items == ()


async def test_what_has_expired_is_left_out_though_it_is_still_stored(stores: Stores) -> None:
    kept = await asked(stores, expire_at=after(1))
    await asked(stores, expire_at=after(0))

    assert (await stores.log.turns("bot", "owner", PageRequest())).items == (kept,)


@pytest.mark.parametrize("cursor", ["x", "bnVsbA==", "WzFd", "WyIyMDI2LTExLTIyVDAwOjAwOjAwKzAwOjAwIiwgMTAwMV0="])
async def test_a_cursor_that_is_not_ours_is_refused_by_field(stores: Stores, cursor: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        await stores.log.turns("bot", "owner", PageRequest(cursor=cursor))

    assert refused.value.field == "cursor"


async def test_figures_count_turns_and_ratings_and_average_what_was_measured(stores: Stores) -> None:
    for rating, latency in (("up", 100), ("up", 200), ("down", 401), (None, None)):
        await asked(stores, rating=rating, latency_ms=latency)

    assert await stores.log.figures("bot", "owner") == Figures(turns=4, rated_up=2, rated_down=1, average_latency_ms=234)


async def test_figures_are_of_the_last_days_alone(stores: Stores) -> None:
    await asked(stores, age=FIGURES_DAYS * DAY, rating="up", latency_ms=100)
    await asked(stores, age=FIGURES_DAYS * DAY + 1, rating="up", latency_ms=900)

    assert await stores.log.figures("bot", "owner") == Figures(turns=1, rated_up=1, rated_down=0, average_latency_ms=100)


async def test_a_bot_without_turns_has_no_latency(stores: Stores) -> None:
    assert await stores.log.figures("bot", "owner") == Figures(turns=0, rated_up=0, rated_down=0, average_latency_ms=None)
