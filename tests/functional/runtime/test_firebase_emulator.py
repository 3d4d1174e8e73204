"""Firebase Auth's own tokens, from the real emulator, through the identity adapter."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest
from firebase_admin import auth

from shared.adapters.firebase_auth import FirebaseIdentity
from shared.core.errors import UnauthenticatedError
from shared.core.ids import new_id


class Accounts:
    """Signs people up at the Auth emulator, as a page does."""

    def __init__(self, host: str, identity: FirebaseIdentity) -> None:
        self._url = f"http://{host}/identitytoolkit.googleapis.com/v1/accounts"
        self.app = identity._app

    async def token(self, email: str, action: str = "signUp") -> str:
        body = {"email": email, "password": "correct horse", "returnSecureToken": True}
        async with httpx.AsyncClient() as client:
            reply = await client.post(f"{self._url}:{action}?key=any", json=body)
        return str(reply.raise_for_status().json()["idToken"])

    async def cookie(self, token: str) -> str:
        cookie = await asyncio.to_thread(auth.create_session_cookie, token, timedelta(days=1), app=self.app)
        return cookie if isinstance(cookie, str) else cookie.decode()


@pytest.fixture
def identity(emulators: Mapping[str, str]) -> FirebaseIdentity:
    return FirebaseIdentity(emulators["GOOGLE_CLOUD_PROJECT"])


@pytest.fixture
def accounts(emulators: Mapping[str, str], identity: FirebaseIdentity) -> Accounts:
    return Accounts(emulators["FIREBASE_AUTH_EMULATOR_HOST"], identity)


@pytest.fixture
def email() -> str:
    return f"{new_id()}@example.com"


async def test_an_id_token_names_its_caller(identity: FirebaseIdentity, accounts: Accounts, email: str) -> None:
    caller = await identity.verify(await accounts.token(email))
    assert (caller.email, caller.is_admin, bool(caller.uid)) == (email, False, True)


async def test_a_session_cookie_names_the_same_caller(identity: FirebaseIdentity, accounts: Accounts, email: str) -> None:
    token = await accounts.token(email)
    assert await identity.verify(await accounts.cookie(token)) == await identity.verify(token)


async def test_the_role_claim_makes_an_administrator(identity: FirebaseIdentity, accounts: Accounts, email: str) -> None:
    caller = await identity.verify(await accounts.token(email))
    await asyncio.to_thread(auth.set_custom_user_claims, caller.uid, {"role": "admin"}, app=accounts.app)
    renewed = await identity.verify(await accounts.token(email, "signInWithPassword"), check_revoked=True)
    assert (caller.is_admin, renewed.is_admin) == (False, True)


@pytest.mark.parametrize("kind", ["token", "cookie"])
async def test_a_disabled_users_token_is_refused_where_revocation_is_checked(
    identity: FirebaseIdentity, accounts: Accounts, email: str, kind: str
) -> None:
    token = await accounts.token(email)
    sent = token if kind == "token" else await accounts.cookie(token)
    caller = await identity.verify(sent)
    await asyncio.to_thread(auth.update_user, caller.uid, disabled=True, app=accounts.app)
    assert await identity.verify(sent) == caller
    with pytest.raises(UnauthenticatedError):
        await identity.verify(sent, check_revoked=True)


async def test_a_deleted_users_token_is_refused_where_revocation_is_checked(
    identity: FirebaseIdentity, accounts: Accounts, email: str
) -> None:
    token = await accounts.token(email)
    caller = await identity.verify(token)
    await asyncio.to_thread(auth.delete_user, caller.uid, app=accounts.app)
    with pytest.raises(UnauthenticatedError):
        await identity.verify(token, check_revoked=True)


async def test_another_projects_token_is_refused(accounts: Accounts, email: str) -> None:
    token = await accounts.token(email)
    with pytest.raises(UnauthenticatedError):
        await FirebaseIdentity("demo-another").verify(token)
