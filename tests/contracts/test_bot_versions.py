"""Bots that change: a head that nobody overwrites unseen, versions that stay, and a link that opens."""

import asyncio

import pytest

from shared.core.errors import ConflictError, InvalidArgumentError
from shared.domain.base import PageRequest
from shared.domain.bot import Bot, BotDraft, BotVersion, Visibility
from shared.ports.store import Versioned
from tests.contracts.conftest import Stores
from tests.contracts.records import NOW, PLENTY, after, bot

LATER = after(60)
LINKED = {"visibility": Visibility.LINK, "link": "secret"}


async def stored(stores: Stores, **fields: object) -> Versioned[Bot]:
    """A bot of the owner, as it is read for a change."""
    made = bot(**fields)
    await stores.bots.create(made, PLENTY)
    read = await stores.bots.load(made.id, "owner")
    assert read is not None
    return read


def renamed(read: Versioned[Bot], name: str) -> Bot:
    return read.value.configured(BotDraft(name=name), LATER)


async def test_a_loaded_bot_is_the_stored_one(stores: Stores) -> None:
    made = bot()
    await stores.bots.create(made, PLENTY)

    read = await stores.bots.load(made.id, "owner")

    assert read is not None
    assert read.value == made


async def test_a_saved_bot_has_one_version_more_and_keeps_the_earlier_ones(stores: Stores) -> None:
    read = await stored(stores)
    changed = renamed(read, "Pilot")

    await stores.bots.save(read, changed, BotVersion.of(changed, restored_from=1))

    assert await stores.bots.get(changed.id, "owner") == changed
    assert await stores.bots.version(changed.id, 1, "owner") == BotVersion.of(read.value)
    assert await stores.bots.version(changed.id, 2, "owner") == BotVersion.of(changed, restored_from=1)


async def test_of_many_saves_of_one_reading_one_comes_through(stores: Stores) -> None:
    read = await stored(stores)
    changes = [renamed(read, f"Pilot {number}") for number in range(10)]

    saves = (stores.bots.save(read, one, BotVersion.of(one)) for one in changes)
    results = await asyncio.gather(*saves, return_exceptions=True)

    [won] = [one for one, result in zip(changes, results, strict=True) if result is None]
    assert all(isinstance(result, ConflictError) for result in results if result is not None)
    assert await stores.bots.get(won.id, "owner") == won
    assert await stores.bots.version(won.id, 2, "owner") == BotVersion.of(won)


async def test_a_save_whose_answer_was_lost_may_be_repeated_even_after_another_change(stores: Stores) -> None:
    read = await stored(stores)
    changed = renamed(read, "Pilot")
    await stores.bots.save(read, changed, BotVersion.of(changed))
    again = await stores.bots.load(changed.id, "owner")
    assert again is not None
    newest = renamed(again, "Captain")
    await stores.bots.save(again, newest, BotVersion.of(newest))

    await stores.bots.save(read, changed, BotVersion.of(changed))

    assert await stores.bots.get(changed.id, "owner") == newest


async def test_a_change_of_sharing_is_stored_without_a_version(stores: Stores) -> None:
    read = await stored(stores)
    shared = read.value.shared_as(Visibility.LINK, "secret", LATER)

    await stores.bots.change(read, shared)
    await stores.bots.change(read, shared)

    assert await stores.bots.get(shared.id, "owner") == shared
    assert [one.number for one in (await stores.bots.versions(shared.id, "owner", PageRequest())).items] == [1]


async def test_a_change_of_what_has_changed_since_is_refused(stores: Stores) -> None:
    read = await stored(stores)
    changed = renamed(read, "Pilot")
    await stores.bots.save(read, changed, BotVersion.of(changed))

    with pytest.raises(ConflictError):
        await stores.bots.change(read, read.value.shared_as(Visibility.LINK, "secret", LATER))

    assert await stores.bots.get(changed.id, "owner") == changed


async def test_versions_are_listed_newest_first_by_page(stores: Stores) -> None:
    read = await stored(stores)
    for number in range(2, 6):
        changed = renamed(read, f"Pilot {number}")
        await stores.bots.save(read, changed, BotVersion.of(changed))
        read = Versioned(changed, (await loaded(stores, changed.id)).version)

    pages = [await stores.bots.versions(read.value.id, "owner", PageRequest(page_size=2))]
    while pages[-1].next_cursor:
        pages.append(await stores.bots.versions(read.value.id, "owner", PageRequest(page_size=2, cursor=pages[-1].next_cursor)))

    assert [[one.number for one in page.items] for page in pages] == [[5, 4], [3, 2], [1]]


async def loaded(stores: Stores, bot_id: str) -> Versioned[Bot]:
    read = await stores.bots.load(bot_id, "owner")
    assert read is not None
    return read


@pytest.mark.parametrize("cursor", ["x", "bnVsbA==", "WyJub3ciLCJhIl0="])
async def test_a_cursor_that_is_not_of_the_versions_is_refused_by_field(stores: Stores, cursor: str) -> None:
    read = await stored(stores)

    with pytest.raises(InvalidArgumentError) as refused:
        await stores.bots.versions(read.value.id, "owner", PageRequest(cursor=cursor))

    assert refused.value.field == "cursor"


async def test_another_tenants_bot_and_its_versions_read_as_missing(stores: Stores) -> None:
    made = bot("somebody")
    await stores.bots.create(made, PLENTY)

    assert await stores.bots.load(made.id, "owner") is None
    assert await stores.bots.version(made.id, 1, "owner") is None
    assert (await stores.bots.versions(made.id, "owner", PageRequest())).items == ()


@pytest.mark.parametrize("odd", ["", ".", "a/b", "__bot__", "ü"])
async def test_an_id_that_cannot_exist_reads_as_missing_everywhere(stores: Stores, odd: str) -> None:
    assert await stores.bots.load(odd, "owner") is None
    assert await stores.bots.version(odd, 1, "owner") is None
    assert (await stores.bots.versions(odd, "owner", PageRequest())).items == ()
    assert await stores.bots.shared(odd, "secret") is None


async def test_a_version_that_was_never_made_reads_as_missing(stores: Stores) -> None:
    read = await stored(stores)

    assert await stores.bots.version(read.value.id, 2, "owner") is None


async def test_a_link_opens_its_bot_to_whoever_asks_and_no_other_text_does(stores: Stores) -> None:
    made = (await stored(stores, **LINKED)).value

    assert await stores.bots.shared(made.id, "secret") == made
    assert [await stores.bots.shared(made.id, wrong) for wrong in ("", "secre", "secret2", "Secret", "ü")] == [None] * 5


async def test_a_private_bots_kept_link_opens_nothing(stores: Stores) -> None:
    made = (await stored(stores, **{**LINKED, "visibility": Visibility.PRIVATE})).value

    assert await stores.bots.shared(made.id, "secret") is None


async def test_a_bot_that_is_being_deleted_is_missing_to_every_reader(stores: Stores) -> None:
    stands, gone = bot(**LINKED), bot(deleted_at=NOW, **LINKED)
    for made in (stands, gone):
        await stores.bots.create(made, PLENTY)

    assert await stores.bots.get(gone.id, "owner") is None
    assert await stores.bots.load(gone.id, "owner") is None
    assert await stores.bots.version(gone.id, 1, "owner") is None
    assert (await stores.bots.versions(gone.id, "owner", PageRequest())).items == ()
    assert await stores.bots.shared(gone.id, "secret") is None
    assert (await stores.bots.list("owner", PageRequest())).items == (stands,)
