"""From a sign-in to a session: whoever proved who they are is admitted as the runtime admits every call, and gets a cookie."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.core.clock import Clock
from shared.core.errors import UnauthenticatedError
from shared.core.settings import Settings
from shared.domain.account import Account, admit
from shared.domain.base import Model
from shared.ports.identity import Accounts, Caller, Credential, Directory, Identity, SignIn

# A stolen ID token is good for an hour at most; a session made of it would make it good for days.
# https://firebase.google.com/docs/auth/admin/manage-cookies
RECENT = timedelta(minutes=5)
# The directory's clock may be behind ours; much longer is no matter of the same second.
_LONGEST_WAIT_SECONDS = 5.0


class Session(Model):
    """What a client sends with each call as `Authorization: Bearer <token>`, until it expires or its person signs out."""

    token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  A scheme's name, no password.
    expires_at: datetime
    uid: str


@dataclass(frozen=True)
class Entrance:
    """Somebody who proved who they are, and may act."""

    caller: Caller
    id_token: str
    account: Account | None


@dataclass(frozen=True)
class Sessions:
    """Entrances and the sessions that they open."""

    directory: Directory
    identity: Identity
    accounts: Accounts
    clock: Clock
    settings: Settings

    async def enter_with_password(self, email: str, password: str) -> Entrance:
        """Raises UnauthenticatedError, alike for an unknown address and a wrong password; else as `admit`."""
        return await self._enter_anew(lambda: self.directory.sign_in(email, password))

    async def enter_with_provider(self, credential: Credential) -> Entrance:
        """Raises what the directory raises; else as `admit`."""
        return await self._enter_anew(lambda: self.directory.sign_in_with_provider(credential))

    async def enter_with_token(self, id_token: str) -> Entrance:
        """The entrance of a sign-in that a page has made. Raises UnauthenticatedError (field id_token) for an old one."""
        try:
            entrance = await self._look(id_token)
        except UnauthenticatedError as error:
            raise UnauthenticatedError("id_token is invalid or expired; sign in again.", field="id_token") from error
        signed_in_at = entrance.caller.signed_in_at
        if signed_in_at is not None and self.clock() - signed_in_at > RECENT:
            message = f"id_token must be of a sign-in of the last {RECENT.seconds // 60} minutes; sign in again."
            raise UnauthenticatedError(message, field="id_token")
        admit(entrance.account, signed_in_at)
        return entrance

    async def open(self, entrance: Entrance) -> Session:
        """A session of that entrance, which every function accepts."""
        now, lifetime = self.clock(), timedelta(hours=self.settings.session_hours)
        token = await self.directory.create_session(entrance.id_token, lifetime)
        await self.accounts.touch(entrance.caller.uid, now)
        return Session(token=token, expires_at=now + lifetime, uid=entrance.caller.uid)

    async def _enter_anew(self, sign_in: Callable[[], Awaitable[SignIn]]) -> Entrance:
        entrance = await self._look((await sign_in()).id_token)
        # Who signs in within the second of the sign-out would be taken for who signed in before it; the next second tells.
        wait = _seconds_too_early(entrance)
        if 0 < wait <= _LONGEST_WAIT_SECONDS:
            await asyncio.sleep(wait)
            entrance = await self._look((await sign_in()).id_token)
        admit(entrance.account, entrance.caller.signed_in_at)
        return entrance

    async def _look(self, id_token: str) -> Entrance:
        caller = await self.identity.verify(id_token)
        return Entrance(caller, id_token, await self.accounts.get(caller.uid))


def _seconds_too_early(entrance: Entrance) -> float:
    signed_out_at = entrance.account.signed_out_at if entrance.account else None
    if signed_out_at is None or entrance.caller.signed_in_at is None:
        return 0
    return math.floor(signed_out_at.timestamp()) + 1 - entrance.caller.signed_in_at.timestamp()
