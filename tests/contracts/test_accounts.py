"""Accounts: one username is one person's, whatever happens at once; devices are few."""

import asyncio
from datetime import timedelta

import pytest

from shared.core.errors import AlreadyExistsError, ConflictError
from shared.domain.account import Account
from shared.domain.device import MAX_DEVICES, Device, DeviceEvent, Platform
from tests.contracts.conftest import Stores
from tests.contracts.records import NAUGHTY, NOW, after

ODD_UIDS = ["owner", "a/b", "a%2Fb", "ü", "a b", "auth0|5f7c", ".", "..", "__ada__", "/" * 128, "🗺" * 128]


def account(uid: str = "owner", username: str | None = "Ada", **fields: object) -> Account:
    known = {"created_at": NOW, "updated_at": NOW, "terms_accepted_at": NOW}
    return Account.model_validate({"id": uid, "username": username, **known, **fields})


def device(number: int, owner_id: str = "owner", **fields: object) -> Device:
    known = {"token": f"token-{number}", "platform": Platform.WEB, "events": (DeviceEvent.DOCUMENT_READY,)}
    known |= {"updated_at": after(number)}
    return Device.model_validate({"id": f"device-{number}", "owner_id": owner_id, **known, **fields})


@pytest.mark.parametrize("uid", ODD_UIDS)
async def test_an_account_is_found_under_any_uid(stores: Stores, uid: str) -> None:
    made = account(uid, email="ada@example.com", display_name="".join(NAUGHTY))

    assert await stores.accounts.create(made) == made
    assert await stores.accounts.get(uid) == made


async def test_who_never_registered_has_no_account(stores: Stores) -> None:
    assert [await stores.accounts.get("nobody"), await stores.accounts.load("nobody")] == [None, None]


async def test_the_same_registration_again_answers_the_first(stores: Stores) -> None:
    await stores.accounts.create(account())

    again = await stores.accounts.create(account(username="ADA", created_at=after(60)))

    assert again == account()
    assert await stores.accounts.get("owner") == account()


@pytest.mark.parametrize("username", ["Ada", "ada", "ADA"])
async def test_anothers_username_is_refused_by_its_field_and_nothing_is_stored(stores: Stores, username: str) -> None:
    await stores.accounts.create(account())

    with pytest.raises(AlreadyExistsError) as refusal:
        await stores.accounts.create(account("other", username))

    assert refusal.value.field == "username"
    assert await stores.accounts.get("other") is None


async def test_who_is_registered_under_another_name_is_told_so(stores: Stores) -> None:
    await stores.accounts.create(account())

    with pytest.raises(AlreadyExistsError, match="registered already") as refusal:
        await stores.accounts.create(account(username="Eve"))

    assert refusal.value.field is None
    await stores.accounts.create(account("other", "Eve"))


async def test_of_twenty_who_want_one_name_at_once_one_gets_it(stores: Stores) -> None:
    wanting = (stores.accounts.create(account(f"person-{number}")) for number in range(20))

    answers = await asyncio.gather(*wanting, return_exceptions=True)

    winners = [answer for answer in answers if isinstance(answer, Account)]
    assert len(winners) == 1
    assert {answer.field for answer in answers if isinstance(answer, AlreadyExistsError)} == {"username"}
    found = [await stores.accounts.get(f"person-{number}") for number in range(20)]
    assert [one for one in found if one] == winners


async def test_another_username_is_claimed_and_the_old_one_freed(stores: Stores) -> None:
    await stores.accounts.create(account())
    read = await stores.accounts.load("owner")
    assert read is not None

    await stores.accounts.update(read, account(username="Eve", display_name="E"))

    assert await stores.accounts.get("owner") == account(username="Eve", display_name="E")
    await stores.accounts.create(account("other", "Ada"))
    with pytest.raises(AlreadyExistsError):
        await stores.accounts.create(account("third", "Eve"))


async def test_the_same_username_in_another_case_stays_ones_own(stores: Stores) -> None:
    await stores.accounts.create(account())
    read = await stores.accounts.load("owner")
    assert read is not None

    await stores.accounts.update(read, account(username="ADA"))

    assert await stores.accounts.get("owner") == account(username="ADA")
    with pytest.raises(AlreadyExistsError):
        await stores.accounts.create(account("other", "ada"))


async def test_a_change_to_anothers_username_changes_nothing(stores: Stores) -> None:
    await stores.accounts.create(account())
    await stores.accounts.create(account("other", "Eve"))
    read = await stores.accounts.load("owner")
    assert read is not None

    with pytest.raises(AlreadyExistsError) as refusal:
        await stores.accounts.update(read, account(username="eve", display_name="E"))

    assert refusal.value.field == "username"
    assert await stores.accounts.get("owner") == account()


async def test_an_account_that_changed_since_is_not_overwritten(stores: Stores) -> None:
    await stores.accounts.create(account())
    read = await stores.accounts.load("owner")
    assert read is not None
    await stores.accounts.sign_out("owner", after(10))

    with pytest.raises(ConflictError):
        await stores.accounts.update(read, account(username="Eve"))

    assert await stores.accounts.get("owner") == account(signed_out_at=after(10))
    await stores.accounts.create(account("other", "Eve"))


async def test_the_very_same_change_again_is_silent(stores: Stores) -> None:
    await stores.accounts.create(account())
    read = await stores.accounts.load("owner")
    assert read is not None

    for _ in range(2):
        await stores.accounts.update(read, account(username="Eve"))

    assert await stores.accounts.get("owner") == account(username="Eve")


async def test_a_sign_out_without_an_account_makes_one_that_can_register_later(stores: Stores) -> None:
    await stores.accounts.sign_out("owner", NOW)
    read = await stores.accounts.load("owner")
    assert read is not None
    assert read.value == Account(id="owner", signed_out_at=NOW)

    await stores.accounts.update(read, account(signed_out_at=NOW))

    assert await stores.accounts.get("owner") == account(signed_out_at=NOW)
    with pytest.raises(AlreadyExistsError):
        await stores.accounts.create(account("other"))


async def test_a_sign_out_keeps_the_rest_of_the_account(stores: Stores) -> None:
    await stores.accounts.create(account(suspended=True))

    await stores.accounts.sign_out("owner", after(5))

    assert await stores.accounts.get("owner") == account(suspended=True, signed_out_at=after(5))


async def test_being_here_is_noted_of_an_account_and_makes_none(stores: Stores) -> None:
    await stores.accounts.create(account())

    for uid in ("owner", "nobody"):
        await stores.accounts.touch(uid, after(5))

    assert await stores.accounts.get("owner") == account(last_active_at=after(5))
    assert await stores.accounts.get("nobody") is None


@pytest.mark.parametrize("uid", ODD_UIDS)
async def test_devices_are_their_persons_and_the_last_stored_come_first(stores: Stores, uid: str) -> None:
    for one in (device(1, uid), device(2, uid), device(3, "another")):
        await stores.accounts.add_device(one)

    assert list(await stores.accounts.devices(uid)) == [device(2, uid), device(1, uid)]


async def test_a_device_that_is_stored_again_is_one_still(stores: Stores) -> None:
    await stores.accounts.add_device(device(1))
    renewed = device(1, events=(DeviceEvent.QUOTA_NEAR,), updated_at=after(99))
    await stores.accounts.add_device(renewed)

    assert list(await stores.accounts.devices("owner")) == [renewed]


async def test_the_device_stored_longest_ago_gives_way(stores: Stores) -> None:
    for number in range(MAX_DEVICES + 2):
        await stores.accounts.add_device(device(number))

    kept = await stores.accounts.devices("owner")

    assert [one.id for one in kept] == [f"device-{number}" for number in range(MAX_DEVICES + 1, 1, -1)]


async def test_devices_that_come_at_once_are_never_too_many(stores: Stores) -> None:
    await asyncio.gather(*(stores.accounts.add_device(device(number)) for number in range(30)))

    kept = await stores.accounts.devices("owner")

    assert [one.id for one in kept] == [f"device-{number}" for number in range(29, 29 - MAX_DEVICES, -1)]


async def test_a_device_is_forgotten_alone_or_with_all_others(stores: Stores) -> None:
    for number in range(3):
        await stores.accounts.add_device(device(number))
    await stores.accounts.add_device(device(9, "another"))

    for _ in range(2):
        await stores.accounts.remove_device("owner", "device-1")
    assert [one.id for one in await stores.accounts.devices("owner")] == ["device-2", "device-0"]

    for _ in range(2):
        await stores.accounts.remove_devices("owner")
    assert list(await stores.accounts.devices("owner")) == []
    assert len(await stores.accounts.devices("another")) == 1


async def test_a_device_is_one_persons_and_the_last_one_has_it(stores: Stores) -> None:
    for owner_id in ("owner", "another"):
        await stores.accounts.add_device(device(1, owner_id))

    await stores.accounts.remove_device("owner", "device-1")
    await stores.accounts.remove_devices("owner")

    assert list(await stores.accounts.devices("owner")) == []
    assert list(await stores.accounts.devices("another")) == [device(1, "another")]


async def test_a_moment_is_kept_to_the_microsecond(stores: Stores) -> None:
    at = NOW + timedelta(microseconds=1)
    await stores.accounts.sign_out("owner", at)

    stored = await stores.accounts.get("owner")
    assert stored is not None
    assert stored.signed_out_at == at
