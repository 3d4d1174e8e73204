"""What the account room costs in documents read and written, and what a repeated or lost commit leaves."""

from collections.abc import AsyncIterator

import pytest

from shared.adapters.firestore_accounts import FirestoreAccounts
from shared.adapters.firestore_meter import FirestoreMeter
from shared.adapters.firestore_rates import FirestoreRates
from shared.core.errors import UnavailableError
from shared.domain.account import Account
from shared.domain.device import Device, DeviceEvent, Platform
from tests.contracts.records import NOW, after
from tests.memory.counting import CountingClient, Operations, RepeatingClient, SilentClient

ADA = Account(id="owner", username="Ada", created_at=NOW)
EVE = ADA.model_copy(update={"username": "Eve"})


@pytest.fixture
async def counting(fresh_project: str) -> AsyncIterator[CountingClient]:
    client = CountingClient(project=fresh_project)
    yield client
    await client._firestore_api.transport.close()


@pytest.fixture
async def repeating(fresh_project: str) -> AsyncIterator[RepeatingClient]:
    client = RepeatingClient(project=fresh_project)
    yield client
    await client._firestore_api.transport.close()


async def test_every_call_reads_its_account_with_one_read(counting: CountingClient) -> None:
    await FirestoreAccounts(counting).get("owner")

    assert counting.operations == Operations(reads=1)


async def test_a_registration_takes_one_read_and_two_writes(counting: CountingClient) -> None:
    accounts = FirestoreAccounts(counting)
    await accounts.load("owner")
    await accounts.create(ADA)

    assert counting.operations == Operations(reads=1, writes=2)


async def test_a_change_takes_one_read_and_one_write_and_two_more_for_another_username(counting: CountingClient) -> None:
    accounts = FirestoreAccounts(counting)
    await accounts.create(ADA)
    for changed, writes in ((ADA.model_copy(update={"display_name": "A"}), 1), (EVE, 3)):
        counting.operations = Operations()
        read = await accounts.load("owner")
        assert read is not None
        await accounts.update(read, changed)
        assert counting.operations == Operations(reads=1, writes=writes)


async def test_signing_out_and_being_here_take_one_write_each(counting: CountingClient) -> None:
    accounts = FirestoreAccounts(counting)
    await accounts.sign_out("owner", NOW)
    await accounts.touch("owner", NOW)

    assert counting.operations == Operations(writes=2)


async def test_a_device_takes_one_write_and_a_read_of_each(counting: CountingClient) -> None:
    events = (DeviceEvent.DOCUMENT_READY,)
    for number in range(3):
        device = Device(
            id=f"d{number}", owner_id="owner", token="t", platform=Platform.WEB, events=events, updated_at=after(number)
        )
        counting.operations = Operations()
        await FirestoreAccounts(counting).add_device(device)

    assert counting.operations == Operations(reads=3, writes=1)


async def test_a_counted_call_takes_one_write_and_the_use_of_a_plan_two_reads(counting: CountingClient) -> None:
    await FirestoreRates(counting).count("key", after(60))
    await FirestoreMeter(counting).read("owner", NOW)

    assert counting.operations == Operations(reads=2, writes=1)


async def test_a_registration_that_is_repeated_is_one(repeating: RepeatingClient) -> None:
    assert await FirestoreAccounts(repeating).create(ADA) == ADA
    assert await FirestoreAccounts(repeating).get("owner") == ADA


async def test_a_change_that_is_repeated_is_one(repeating: RepeatingClient) -> None:
    accounts = FirestoreAccounts(repeating)
    await accounts.create(ADA)
    read = await accounts.load("owner")
    assert read is not None

    await accounts.update(read, EVE)

    assert await accounts.get("owner") == EVE
    assert await accounts.create(ADA.model_copy(update={"id": "other"}))


@pytest.mark.parametrize("applied", [False, True])
async def test_a_count_whose_answer_is_lost_is_not_sent_again(fresh_project: str, *, applied: bool) -> None:
    client = SilentClient(project=fresh_project, losses=1, applied=applied)
    rates = FirestoreRates(client)

    with pytest.raises(UnavailableError):
        await rates.count("key", after(60))

    assert await rates.count("key", after(60)) == (2 if applied else 1)
    await client._firestore_api.transport.close()


async def test_a_counter_expires_with_its_window(counting: CountingClient) -> None:
    await FirestoreRates(counting).count("key", after(60))

    stored = (await counting.document("rates", "key").get()).to_dict()

    assert stored == {"schema_version": 1, "calls": 1, "expire_at": after(60)}
