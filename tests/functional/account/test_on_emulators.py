"""The room on the real Auth and Firestore emulators: from registering to signed out, with both kinds of token."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from google.cloud.firestore import AsyncClient

from shared.adapters.firebase_auth import FirebaseIdentity, open_app
from shared.adapters.firestore_accounts import FirestoreAccounts
from shared.adapters.firestore_bots import FirestoreBots
from shared.adapters.firestore_meter import FirestoreMeter
from shared.adapters.firestore_rates import FirestoreRates
from shared.adapters.identity_toolkit import IdentityToolkit, open_client
from shared.core.clock import Clock, system_clock
from shared.core.ids import new_id
from shared.core.settings import Settings, settings
from shared.ports.identity import Accounts, Directory, Identity
from shared.ports.meter import Meter
from shared.ports.rates import Rates
from shared.ports.store import Bots
from shared.runtime.wiring import bound
from tests.functional.harness import client_for

PASSWORD = "correct horse battery"


@pytest.fixture
async def directory(emulators: Mapping[str, str]) -> AsyncIterator[Directory]:
    project = emulators["GOOGLE_CLOUD_PROJECT"]
    database = AsyncClient(project=project)
    async with open_client("any", emulators["FIREBASE_AUTH_EMULATOR_HOST"]) as http:
        toolkit = IdentityToolkit(http, open_app(project))
        ports: dict[Any, Any] = {
            Identity: FirebaseIdentity(project),
            Directory: toolkit,
            Accounts: FirestoreAccounts(database),
            Bots: FirestoreBots(database),
            Rates: FirestoreRates(database),
            Meter: FirestoreMeter(database),
            Clock: system_clock,
            Settings: settings(),
        }
        with bound(ports):
            yield toolkit
    await database._firestore_api.transport.close()


@pytest.fixture
def person() -> dict[str, Any]:
    name = new_id()
    return {"email": f"{name}@example.com", "password": PASSWORD, "username": name, "accept_terms": True}


def credentials(person: dict[str, Any]) -> dict[str, Any]:
    return {"email": person["email"], "password": person["password"]}


async def test_from_registering_to_signed_out_everywhere(directory: Directory, person: dict[str, Any]) -> None:
    registered = (await client_for("register_user").call(person)).result
    id_token = (await directory.sign_in(**credentials(person))).id_token
    cookie = (await client_for("sign_in").call({"id_token": id_token})).result["token"]

    for token in (id_token, cookie):
        assert (await client_for("list_bots").call({}, token=token)).result["items"] == []
        profile = (await client_for("get_profile").call({}, token=token)).result
        assert (profile["uid"], profile["username"]) == (registered["uid"], person["username"])

    assert (await client_for("sign_out").rest("POST", "/api/v1/auth/logout", token=cookie)).status == 204

    refused = [
        (await client_for(name).call({}, token=token)).status
        for name in ("list_bots", "get_profile")
        for token in (id_token, cookie)
    ]
    assert refused == [401] * 4
    assert (await client_for("sign_in").call({"id_token": id_token})).status == 401
    again = (await client_for("sign_in").call(credentials(person))).result["token"]
    assert (await client_for("list_bots").call({}, token=again)).status == 200


async def test_a_suspended_person_is_refused_with_both_kinds_of_token(
    directory: Directory, person: dict[str, Any], emulators: Mapping[str, str]
) -> None:
    await client_for("register_user").call(person)
    id_token = (await directory.sign_in(**credentials(person))).id_token
    opened = (await client_for("sign_in").call(credentials(person))).result
    database = AsyncClient(project=emulators["GOOGLE_CLOUD_PROJECT"])
    await database.document("users", opened["uid"]).update({"suspended": True})
    await database._firestore_api.transport.close()

    assert [(await client_for("list_bots").call({}, token=token)).status for token in (id_token, opened["token"])] == [403, 403]
    assert (await client_for("sign_in").call(credentials(person))).status == 403


async def test_one_username_of_two_people_at_once_is_one_persons(directory: Directory, person: dict[str, Any]) -> None:
    people = [person | {"email": f"{number}{person['email']}"} for number in range(4)]

    replies = await asyncio.gather(*(client_for("register_user").call(one) for one in people))

    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409]
    losers = [one for one, reply in zip(people, replies, strict=True) if reply.status == 409]
    another = await client_for("register_user").call(losers[0] | {"username": new_id()})
    assert another.status == 200


async def test_a_button_pressed_five_times_registers_once(directory: Directory, person: dict[str, Any]) -> None:
    replies = await asyncio.gather(*(client_for("register_user").call(person) for _ in range(5)))

    assert {reply.status for reply in replies} == {200}
    assert len({reply.result["uid"] for reply in replies}) == 1


async def test_google_and_a_page_lead_to_one_account(directory: Directory, person: dict[str, Any]) -> None:
    claims = {"sub": person["username"], "email": person["email"], "email_verified": True}
    asked = {"provider": "google", "id_token": json.dumps(claims)}
    opened = (await client_for("sign_in_with_provider").call(asked)).result

    named = {"username": person["username"], "accept_terms": True}
    registered = (await client_for("register_user").call(named, token=opened["token"])).result

    assert (registered["uid"], registered["email_verified"]) == (opened["uid"], True)
    assert (await client_for("sign_in_with_provider").call(asked)).result["uid"] == opened["uid"]


async def test_a_session_may_change_its_profile_and_its_devices(directory: Directory, person: dict[str, Any]) -> None:
    await client_for("register_user").call(person)
    token = (await client_for("sign_in").call(credentials(person))).result["token"]
    named = {"username": new_id(), "display_name": "Ada"}

    assert (await client_for("update_profile").call(named, token=token)).result["username"] == named["username"]
    assert (await client_for("register_device").call({"token": "t", "platform": "web"}, token=token)).status == 200
    assert (await client_for("get_profile").call({}, token=token)).result["last_active_at"] is not None
