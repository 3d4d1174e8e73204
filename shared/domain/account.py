"""A user as the backend knows one, and whether that user may act at all."""

import math
from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.core.errors import PermissionDeniedError, UnauthenticatedError
from shared.domain.base import ONE_LINE, Record, spelled

# ASCII alone: no two usernames may look alike to a person and differ to a machine.
_USERNAME = "3 to 30 letters, digits, dots, hyphens or underscores, with a letter or digit at both ends"
Username = Annotated[str, Field(pattern=spelled(r"^[A-Za-z0-9][A-Za-z0-9._-]{1,28}[A-Za-z0-9]$", _USERNAME))]
"""3 to 30 letters, digits, dots, hyphens and underscores, a letter or digit at both ends; shown as typed, unique in any case."""

DisplayName = Annotated[str, Field(max_length=80, pattern=ONE_LINE)]
"""What others may be shown in place of the username; any text, and not unique."""

EmailAddress = Annotated[str, Field(max_length=254, pattern=spelled(r"^[^@\s]+@[^@\s]+$", "an e-mail address"))]
"""Only the shape: whether it exists is the directory's to find out."""


class Account(Record):
    """Stored under the user's uid; who has never registered has none, and then the free plan."""

    id: str
    username: str | None = None
    display_name: str = ""
    email: str | None = None
    plan_id: str = "free"
    suspended: bool = False
    terms_accepted_at: datetime | None = None
    signed_out_at: datetime | None = None
    last_active_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class UsernameClaim(Record):
    """Stored under the folded username: whose it is."""

    id: str
    owner_id: str


def folded(username: str | None) -> str | None:
    """The form in which a username is unique."""
    return username.lower() if username else None


def admit(account: Account | None, signed_in_at: datetime | None) -> None:
    """Raises PermissionDeniedError for a suspended account, UnauthenticatedError for a sign-in from before the last sign-out.

    Read with each call rather than carried in the token, which is as old as it is: both hold from the next call on.
    """
    if account is None:
        return
    if account.suspended:
        raise PermissionDeniedError("This account is suspended.")
    if account.signed_out_at is None or signed_in_at is None:
        return
    # A token tells its sign-in in whole seconds, so one of the sign-out's own second counts as older.
    if signed_in_at.timestamp() <= math.floor(account.signed_out_at.timestamp()):
        raise UnauthenticatedError("This session was signed out; sign in again.", field="Authorization")
