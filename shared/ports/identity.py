"""Who is calling."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.account import Account


@dataclass(frozen=True)
class Caller:
    """A verified caller; `is_admin` comes from a custom claim of the token, `signed_in_at` is in whole seconds."""

    uid: str
    email: str | None = None
    is_admin: bool = False
    signed_in_at: datetime | None = None


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


class Accounts(Protocol):
    """Users as the backend knows them."""

    async def get(self, uid: str) -> Account | None:
        """The account, or None for one that never registered."""
        ...
