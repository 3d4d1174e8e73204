"""Who is calling, who may sign in, and what the backend knows of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from shared.domain.account import Account
from shared.domain.device import Device
from shared.ports.store import Versioned


@dataclass(frozen=True)
class Caller:
    """A verified caller; `is_admin` comes from a custom claim of the token, `signed_in_at` is in whole seconds."""

    uid: str
    email: str | None = None
    is_admin: bool = False
    signed_in_at: datetime | None = None
    email_verified: bool = False


class Identity(Protocol):
    """Tokens."""

    async def verify(self, token: str, *, check_revoked: bool = False) -> Caller:
        """The caller of a Firebase ID token or a session cookie. Raises UnauthenticatedError, or UnavailableError when
        keys cannot be fetched.
        """
        ...

    async def verify_app(self, token: str) -> str:
        """The app id of an App Check token. Raises UnauthenticatedError."""
        ...


class Provider(StrEnum):
    """Who else can say who somebody is."""

    GOOGLE = "google"
    GITHUB = "github"


@dataclass(frozen=True)
class Credential:
    """A provider's token, one of the two."""

    provider: Provider
    id_token: str | None = None
    access_token: str | None = None


@dataclass(frozen=True)
class SignIn:
    """What the directory gives to somebody who proved who they are; the ID token lives for an hour."""

    uid: str
    id_token: str
    email: str | None = None


class Directory(Protocol):
    """Who may sign in, and how. Whatever it cannot do at the moment raises UnavailableError; too many tries raise
    ResourceExhaustedError, a user whom it has disabled PermissionDeniedError.
    """

    async def sign_up(self, email: str, password: str) -> SignIn:
        """Add a user. Raises AlreadyExistsError (field email), or InvalidArgumentError naming email or password."""
        ...

    async def sign_in(self, email: str, password: str) -> SignIn:
        """Raises UnauthenticatedError, the same for an unknown address and a wrong password."""
        ...

    async def sign_in_with_provider(self, credential: Credential) -> SignIn:
        """The provider's user, who is added at the first time.

        Raises UnauthenticatedError for a token that the provider does not know, AlreadyExistsError where the address belongs to a
        user who signs in another way, FailedPreconditionError where the provider is not offered.
        """
        ...

    async def send_verification(self, id_token: str) -> None:
        """Mail a link by which the user shows that the address is theirs."""
        ...

    async def send_password_reset(self, email: str) -> None:
        """Mail a link to choose another password; where the address has no user, nothing, and nothing tells."""
        ...

    async def delete_user(self, id_token: str) -> None:
        """Remove the user; silent where it is gone."""
        ...

    async def create_session(self, id_token: str, lifetime: timedelta) -> str:
        """A session cookie of that sign-in. Raises UnauthenticatedError (field id_token) for a token that is no longer good."""
        ...

    async def revoke(self, uid: str) -> None:
        """From now on no token of an earlier sign-in is renewed; silent where there is no such user."""
        ...


class Accounts(Protocol):
    """Users as the backend knows them, their usernames, and their devices."""

    async def get(self, uid: str) -> Account | None:
        """The account, or None for one that never registered; one read, since every call makes it."""
        ...

    async def load(self, uid: str) -> Versioned[Account] | None:
        """The account with its version, to change it."""
        ...

    async def create(self, account: Account) -> Account:
        """Store the account and claim its username in one commit; what is stored then.

        That is what stood before where the same person had registered the same username. Raises AlreadyExistsError: with field
        username where it is another's, without a field where the account exists under another one.
        """
        ...

    async def update(self, read: Versioned[Account], account: Account) -> None:
        """Write the account if its version is still the one read, else raise ConflictError; another username is claimed and the
        old one freed in the same commit. Raises AlreadyExistsError (field username) where it is another's.
        """
        ...

    async def sign_out(self, uid: str, at: datetime) -> None:
        """Every sign-in until then is over; who has no account gets one that says no more than this."""
        ...

    async def touch(self, uid: str, at: datetime) -> None:
        """Note that the person was here; a no-op without an account."""
        ...

    async def add_device(self, device: Device) -> None:
        """Store the device, anew if it is known; of more than MAX_DEVICES the ones stored longest ago go.

        One that was another person's is this person's from then on: a phone that changed hands tells its new owner alone.
        """
        ...

    async def remove_device(self, uid: str, device_id: str) -> None:
        """Forget the person's device; silent where it is unknown or another's by now."""
        ...

    async def remove_devices(self, uid: str) -> None:
        """Forget all of the person's devices."""
        ...

    async def devices(self, uid: str) -> Sequence[Device]:
        """The person's devices, last stored first."""
        ...
