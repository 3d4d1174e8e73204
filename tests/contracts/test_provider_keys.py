"""Provider keys: one a name of its owner's choosing, replaced whole, counted once, and nobody else's."""

import asyncio

import pytest

from shared.core.errors import InvalidArgumentError, ResourceExhaustedError
from shared.domain.base import PageRequest
from shared.domain.plan import Stock
from shared.domain.provider_key import ProviderKey, Sealed, provider_key_id
from tests.contracts.conftest import Stores
from tests.contracts.records import NAUGHTY, PLENTY, after

SEALED = Sealed(ciphertext=b"\x00\xffc", nonce=b"n" * 12, wrapped_key=b"\x80w", wrapping_key="k/1")
NEWER = SEALED.model_copy(update={"ciphertext": b"newer", "wrapping_key": "k/2"})
MANY = PLENTY.model_copy(update={"provider_keys": 1000})


def a_key(key_id: str = "key", owner_id: str = "owner", *, age: float = 0, **fields: object) -> ProviderKey:
    known = {"name": "Mine", "base_url": "https://api.example/v1", "hint": "7f3a", "sealed": SEALED}
    made = {"created_at": after(-age), "updated_at": after(-age)}
    whole = {"id": provider_key_id(owner_id, key_id), "key_id": key_id, "owner_id": owner_id, **known, **made, **fields}
    return ProviderKey.model_validate(whole)


async def test_a_saved_key_is_read_back_byte_for_byte(stores: Stores) -> None:
    assert await stores.provider_keys.save(a_key(), MANY) == a_key()

    assert await stores.provider_keys.get("key", "owner") == a_key()


async def test_names_are_stored_as_they_are(stores: Stores) -> None:
    for number, text in enumerate(NAUGHTY):
        await stores.provider_keys.save(a_key(f"k{number}", name=text), MANY)

    stored = [await stores.provider_keys.get(f"k{number}", "owner") for number in range(len(NAUGHTY))]
    assert [key.name if key else None for key in stored] == list(NAUGHTY)


async def test_two_owners_may_name_their_keys_alike_and_see_each_their_own(stores: Stores) -> None:
    await stores.provider_keys.save(a_key(name="Hers", owner_id="alice"), MANY)
    await stores.provider_keys.save(a_key(name="His", owner_id="bob"), MANY)

    for owner, name in (("alice", "Hers"), ("bob", "His")):
        found = await stores.provider_keys.get("key", owner)
        listed = await stores.provider_keys.list(owner, PageRequest())
        assert found is not None
        assert ([key.name for key in listed.items], found.name) == ([name], name)


async def test_a_foreign_key_reads_as_missing_and_is_not_deleted(stores: Stores) -> None:
    await stores.provider_keys.save(a_key(), MANY)

    assert await stores.provider_keys.get("key", "bob") is None
    assert await stores.provider_keys.delete("key", "bob") is False
    assert (await stores.provider_keys.list("bob", PageRequest())).items == ()
    assert await stores.provider_keys.get("key", "owner") is not None


async def test_a_key_saved_again_is_replaced_whole_keeps_its_birth_and_is_counted_once(stores: Stores) -> None:
    await stores.provider_keys.save(a_key(age=60), Stock(provider_keys=1))
    again = a_key(name="New", base_url="https://other.example", hint="", sealed=NEWER)

    saved = await stores.provider_keys.save(again, Stock(provider_keys=1))

    assert saved == again.model_copy(update={"created_at": after(-60)})
    assert await stores.provider_keys.get("key", "owner") == saved


async def test_a_key_over_the_limit_is_refused_by_name_and_leaves_nothing(stores: Stores) -> None:
    await stores.provider_keys.save(a_key("one"), Stock(provider_keys=1))

    with pytest.raises(ResourceExhaustedError, match="1 provider keys"):
        await stores.provider_keys.save(a_key("two"), Stock(provider_keys=1))

    assert await stores.provider_keys.get("two", "owner") is None


async def test_a_deleted_key_is_gone_and_makes_room(stores: Stores) -> None:
    await stores.provider_keys.save(a_key("one"), Stock(provider_keys=1))

    assert await stores.provider_keys.delete("one", "owner") is True
    assert await stores.provider_keys.get("one", "owner") is None
    assert await stores.provider_keys.delete("one", "owner") is False
    await stores.provider_keys.save(a_key("two"), Stock(provider_keys=1))


async def test_thirty_saves_at_once_against_a_limit_of_ten_leave_ten(stores: Stores) -> None:
    keys = [a_key(f"k{number}") for number in range(30)]

    saved = await asyncio.gather(
        *(stores.provider_keys.save(key, Stock(provider_keys=10)) for key in keys), return_exceptions=True
    )

    assert sum(isinstance(result, ResourceExhaustedError) for result in saved) == 20
    assert len((await stores.provider_keys.list("owner", PageRequest(page_size=100))).items) == 10


async def test_one_key_saved_ten_times_at_once_is_one_of_them_and_counted_once(stores: Stores) -> None:
    versions = [a_key(name=f"n{number}") for number in range(10)]

    await asyncio.gather(*(stores.provider_keys.save(key, Stock(provider_keys=10)) for key in versions))

    found = await stores.provider_keys.get("key", "owner")
    assert found is not None
    assert found.name in {key.name for key in versions}
    await asyncio.gather(*(stores.provider_keys.save(a_key(f"k{number}"), Stock(provider_keys=10)) for number in range(9)))


async def test_one_key_deleted_ten_times_at_once_is_taken_out_of_the_count_once(stores: Stores) -> None:
    for name in ("one", "two"):
        await stores.provider_keys.save(a_key(name), MANY)

    await asyncio.gather(*(stores.provider_keys.delete("one", "owner") for _ in range(10)))

    with pytest.raises(ResourceExhaustedError):
        await stores.provider_keys.save(a_key("three"), Stock(provider_keys=1))


async def test_a_new_seal_takes_the_place_of_the_one_that_was_read(stores: Stores) -> None:
    await stores.provider_keys.save(a_key(), MANY)

    await stores.provider_keys.reseal(a_key(), NEWER)

    assert await stores.provider_keys.get("key", "owner") == a_key(sealed=NEWER)


async def test_a_new_seal_of_what_was_replaced_meanwhile_is_dropped(stores: Stores) -> None:
    await stores.provider_keys.save(a_key(), MANY)
    await stores.provider_keys.save(a_key(name="New"), MANY)

    await stores.provider_keys.reseal(a_key(), NEWER)

    assert await stores.provider_keys.get("key", "owner") == a_key(name="New")


async def test_a_new_seal_of_what_was_deleted_brings_nothing_back(stores: Stores) -> None:
    await stores.provider_keys.reseal(a_key(), NEWER)

    assert await stores.provider_keys.get("key", "owner") is None


async def test_keys_are_listed_newest_first_and_walk(stores: Stores) -> None:
    for number in range(5):
        await stores.provider_keys.save(a_key(f"k{number}", age=number), MANY)

    first = await stores.provider_keys.list("owner", PageRequest(page_size=3))
    rest = await stores.provider_keys.list("owner", PageRequest(page_size=3, cursor=first.next_cursor))

    assert [key.key_id for key in (*first.items, *rest.items)] == ["k0", "k1", "k2", "k3", "k4"]
    assert rest.next_cursor is None


async def test_a_cursor_that_is_not_ours_is_refused_by_field(stores: Stores) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        await stores.provider_keys.list("owner", PageRequest(cursor="x"))

    assert refused.value.field == "cursor"
