"""Firebase Auth's users in memory; the tokens that it gives are ones that its MemoryIdentity knows."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NoReturn

from shared.core.clock import Clock, system_clock
from shared.core.errors import AlreadyExistsError, InvalidArgumentError, PermissionDeniedError, UnauthenticatedError
from shared.ports.identity import Caller, Credential, SignIn
from tests.memory.identity import MemoryIdentity

PASSWORD = "correct horse battery"


@dataclass
class User:
    uid: str
    email: str
    password: str = PASSWORD
    verified: bool = False
    disabled: bool = False


@dataclass
class MemoryDirectory:
    """Users by e-mail address; providers' users by their token, with whether the provider has verified the address.

    `mails` are the addresses that were written to, and why.
    """

    identity: MemoryIdentity = field(default_factory=MemoryIdentity)
    clock: Clock = system_clock
    users: dict[str, User] = field(default_factory=dict)
    known_to_providers: dict[str, tuple[str, bool]] = field(default_factory=dict)
    mails: list[tuple[str, str]] = field(default_factory=list)
    revoked: dict[str, datetime] = field(default_factory=dict)

    async def sign_up(self, email: str, password: str) -> SignIn:
        email = email.lower()
        if len(password) < 6:
            raise InvalidArgumentError("password is too weak; choose a longer one.", field="password")
        if "@" not in email:
            raise InvalidArgumentError("email must be an e-mail address.", field="email")
        if email in self.users:
            raise AlreadyExistsError("This e-mail address is registered already.", field="email")
        self.users[email] = User(f"uid-of-{email.partition('@')[0]}", email, password)
        return self._signed_in(self.users[email])

    async def sign_in(self, email: str, password: str) -> SignIn:
        user = self.users.get(email.lower())
        if user is None or not user.password or user.password != password:
            raise UnauthenticatedError("The e-mail address or the password is wrong.")
        return self._signed_in(user)

    async def sign_in_with_provider(self, credential: Credential) -> SignIn:
        known = self.known_to_providers.get(credential.id_token or credential.access_token or "")
        if known is None:
            raise UnauthenticatedError("The provider's token is invalid or expired; get a new one.")
        email, verified = known
        user = self.users.setdefault(email, User(f"uid-of-{email.partition('@')[0]}", email, "", verified=verified))
        if user.password and not verified:
            raise AlreadyExistsError("This e-mail address signs in another way; sign in that way.")
        if verified and not user.verified:
            # Whoever chose the password never showed that the address is theirs.
            user.password, user.verified = "", True
        return self._signed_in(user)

    async def send_verification(self, id_token: str) -> None:
        self.mails.append(("verify", self._user_of(id_token).email))

    async def send_password_reset(self, email: str) -> None:
        if email.lower() in self.users:
            self.mails.append(("reset", email.lower()))

    async def delete_user(self, id_token: str) -> None:
        uid = self.identity.callers[id_token].uid
        self.users = {email: user for email, user in self.users.items() if user.uid != uid}

    async def create_session(self, id_token: str, lifetime: timedelta) -> str:
        user = self._user_of(id_token)
        caller = self.identity.callers[id_token]
        if caller.signed_in_at and user.uid in self.revoked and caller.signed_in_at < self.revoked[user.uid]:
            _refuse_token()
        return self._token(replace(caller), "session")

    async def revoke(self, uid: str) -> None:
        self.revoked[uid] = self.clock().replace(microsecond=0)

    def _signed_in(self, user: User) -> SignIn:
        if user.disabled:
            raise PermissionDeniedError("This account is suspended.")
        signed_in_at = self.clock().replace(microsecond=0)
        caller = Caller(user.uid, user.email, signed_in_at=signed_in_at, email_verified=user.verified)
        return SignIn(user.uid, self._token(caller, "sign-in"), user.email)

    def _token(self, caller: Caller, kind: str) -> str:
        token = f"{kind}-{len(self.identity.callers)}-of-{caller.uid}"
        self.identity.callers[token] = caller
        return token

    def _user_of(self, id_token: str) -> User:
        caller = self.identity.callers.get(id_token)
        found = [user for user in self.users.values() if caller and user.uid == caller.uid]
        if not found:
            _refuse_token()
        return found[0]


def _refuse_token() -> NoReturn:
    raise UnauthenticatedError("id_token is invalid, expired or revoked; sign in again.", field="id_token")
