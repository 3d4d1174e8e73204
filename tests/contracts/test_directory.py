"""The directory in memory, and Firebase Auth's real emulator."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from shared.adapters.firebase_auth import FirebaseIdentity, open_app
from shared.adapters.identity_toolkit import IdentityToolkit, open_client
from shared.core.errors import AlreadyExistsError, InvalidArgumentError, PermissionDeniedError, UnauthenticatedError
from shared.core.ids import new_id
from shared.ports.identity import Credential, Directory, Identity, Provider
from tests.memory.directory import PASSWORD, MemoryDirectory

DAY = timedelta(days=1)


@dataclass
class House:
    """A directory, who verifies its tokens, and how to look behind it."""

    directory: Directory
    identity: Identity

    def credential(self, email: str, *, verified: bool = True) -> Credential:
        """What Google gives to the person of that address."""
        claims = {"sub": email.partition("@")[0], "email": email, "email_verified": verified}
        token = json.dumps(claims)
        if isinstance(self.directory, MemoryDirectory):
            self.directory.known_to_providers[token] = (email, verified)
        return Credential(Provider.GOOGLE, id_token=token)

    async def mails(self, email: str) -> list[str]:
        """Why the address was written to."""
        if isinstance(self.directory, MemoryDirectory):
            return [why for why, to in self.directory.mails if to == email]
        sent = (await self._emulator("GET", "oobCodes"))["oobCodes"]
        names = {"VERIFY_EMAIL": "verify", "PASSWORD_RESET": "reset"}
        return [names[mail["requestType"]] for mail in sent if mail["email"] == email]

    async def disable(self, email: str, uid: str) -> None:
        """As an administrator of Firebase does."""
        if isinstance(self.directory, MemoryDirectory):
            self.directory.users[email].disabled = True
        else:
            await self._emulator("POST", "accounts:update", {"localId": uid, "disableUser": True})

    async def _emulator(self, method: str, path: str, body: Any = None) -> Any:
        assert isinstance(self.directory, IdentityToolkit)
        root = self.directory._http.base_url
        area = "identitytoolkit.googleapis.com/v1" if body else "emulator/v1"
        url = f"http://{root.netloc.decode()}/{area}/projects/{self.directory._app.project_id}/{path}"
        reply = await self.directory._http.request(method, url, json=body, headers={"Authorization": "Bearer owner"})
        return reply.raise_for_status().json()


@pytest.fixture(params=["memory", "emulator"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    if request.param == "memory":
        directory = MemoryDirectory()
        yield House(directory, directory.identity)
        return
    environment = request.getfixturevalue("emulators")
    project = environment["GOOGLE_CLOUD_PROJECT"]
    async with open_client("any", environment["FIREBASE_AUTH_EMULATOR_HOST"]) as http:
        yield House(IdentityToolkit(http, open_app(project)), FirebaseIdentity(project))


@pytest.fixture
def email() -> str:
    return f"{new_id()}@example.com"


async def test_who_signs_up_is_signed_in_with_an_unverified_address(house: House, email: str) -> None:
    signed = await house.directory.sign_up(email.upper(), PASSWORD)

    caller = await house.identity.verify(signed.id_token)
    assert (caller.uid, caller.email, caller.email_verified) == (signed.uid, email, False)
    assert signed.email == email


async def test_an_address_is_registered_once(house: House, email: str) -> None:
    await house.directory.sign_up(email, PASSWORD)

    with pytest.raises(AlreadyExistsError) as refusal:
        await house.directory.sign_up(email.upper(), "another password")

    assert refusal.value.field == "email"


@pytest.mark.parametrize(("address", "password", "field"), [("nobody", PASSWORD, "email"), ("", "short", "password")])
async def test_what_cannot_be_registered_is_named(house: House, email: str, address: str, password: str, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as refusal:
        await house.directory.sign_up(address or email, password)

    assert refusal.value.field == field


async def test_who_knows_the_password_gets_in(house: House, email: str) -> None:
    first = await house.directory.sign_up(email, PASSWORD)

    signed = await house.directory.sign_in(email, PASSWORD)

    assert signed.uid == first.uid
    assert (await house.identity.verify(signed.id_token)).uid == first.uid


async def test_an_unknown_address_and_a_wrong_password_are_refused_alike(house: House, email: str) -> None:
    await house.directory.sign_up(email, PASSWORD)
    refusals = []
    for address, password in ((email, "wrong password"), (f"un{email}", PASSWORD)):
        with pytest.raises(UnauthenticatedError) as refusal:
            await house.directory.sign_in(address, password)
        refusals.append((refusal.value.message, refusal.value.field))

    assert refusals[0] == refusals[1] == ("The e-mail address or the password is wrong.", None)


async def test_a_disabled_user_is_refused(house: House, email: str) -> None:
    signed = await house.directory.sign_up(email, PASSWORD)
    await house.disable(email, signed.uid)

    with pytest.raises(PermissionDeniedError, match="suspended"):
        await house.directory.sign_in(email, PASSWORD)


async def test_a_session_is_of_the_same_sign_in(house: House, email: str) -> None:
    signed = await house.directory.sign_up(email, PASSWORD)

    session = await house.directory.create_session(signed.id_token, DAY)

    assert session != signed.id_token
    assert await house.identity.verify(session) == await house.identity.verify(signed.id_token)


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
async def test_no_session_is_made_of_nonsense(house: House, token: str) -> None:
    with pytest.raises(UnauthenticatedError) as refusal:
        await house.directory.create_session(token, DAY)

    assert refusal.value.field == "id_token"


async def test_no_session_is_made_of_a_sign_in_from_before_a_revocation(house: House, email: str) -> None:
    signed = await house.directory.sign_up(email, PASSWORD)
    await asyncio.sleep(1.1)  # Revocation knows whole seconds.
    await house.directory.revoke(signed.uid)

    with pytest.raises(UnauthenticatedError):
        await house.directory.create_session(signed.id_token, DAY)

    again = await house.directory.sign_in(email, PASSWORD)
    assert await house.directory.create_session(again.id_token, DAY)


async def test_to_revoke_what_nobody_has_is_silent(house: House) -> None:
    assert await house.directory.revoke("nobody") is None


async def test_a_removed_user_is_unknown_and_the_address_free(house: House, email: str) -> None:
    signed = await house.directory.sign_up(email, PASSWORD)
    for _ in range(2):
        await house.directory.delete_user(signed.id_token)

    with pytest.raises(UnauthenticatedError):
        await house.directory.sign_in(email, PASSWORD)
    assert (await house.directory.sign_up(email, PASSWORD)).uid


async def test_a_verification_goes_to_who_signed_up(house: House, email: str) -> None:
    signed = await house.directory.sign_up(email, PASSWORD)

    await house.directory.send_verification(signed.id_token)

    assert await house.mails(email) == ["verify"]


async def test_a_reset_is_mailed_to_who_is_known_and_nothing_tells_who_is(house: House, email: str) -> None:
    await house.directory.sign_up(email, PASSWORD)

    for address in (email, f"un{email}"):
        await house.directory.send_password_reset(address)

    assert [await house.mails(email), await house.mails(f"un{email}")] == [["reset"], []]


async def test_a_providers_user_is_added_once_with_a_verified_address(house: House, email: str) -> None:
    signed = [await house.directory.sign_in_with_provider(house.credential(email)) for _ in range(2)]

    assert signed[0].uid == signed[1].uid
    caller = await house.identity.verify(signed[0].id_token)
    assert (caller.email, caller.email_verified) == (email, True)


async def test_a_token_that_the_provider_does_not_know_is_refused(house: House) -> None:
    with pytest.raises(UnauthenticatedError):
        await house.directory.sign_in_with_provider(Credential(Provider.GOOGLE, id_token="nonsense"))


async def test_a_provider_that_has_not_verified_the_address_does_not_open_anothers_account(house: House, email: str) -> None:
    await house.directory.sign_up(email, PASSWORD)

    with pytest.raises(AlreadyExistsError, match="another way"):
        await house.directory.sign_in_with_provider(house.credential(email, verified=False))


async def test_a_verified_owner_takes_the_account_from_who_never_verified(house: House, email: str) -> None:
    first = await house.directory.sign_up(email, PASSWORD)

    signed = await house.directory.sign_in_with_provider(house.credential(email))

    assert signed.uid == first.uid
    with pytest.raises(UnauthenticatedError):
        await house.directory.sign_in(email, PASSWORD)
