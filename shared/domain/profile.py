"""An account as its own person sees it."""

from datetime import datetime
from typing import Self

from shared.domain.account import Account
from shared.domain.base import Model


class Profile(Model):
    """Who one is here; who never registered has no username and no time of creation."""

    uid: str
    username: str | None
    display_name: str
    email: str | None
    email_verified: bool
    created_at: datetime | None
    last_active_at: datetime | None

    @classmethod
    def of(cls, account: Account, email: str | None, *, email_verified: bool) -> Self:
        """The view of an account, with what the sign-in says of the e-mail address, which may have changed since."""
        known = account.model_dump(include={"username", "display_name", "created_at", "last_active_at"})
        return cls(uid=account.id, email=email or account.email, email_verified=email_verified, **known)
