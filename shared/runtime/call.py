"""What a use case learns of who asked: a person's call, or a topic's delivery."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from shared.core.errors import VersionMismatchError
from shared.domain.account import Account


@dataclass(frozen=True)
class Call:
    """One call of a person; `uid` is empty where a public function was called without a token.

    `account` was read and admitted before the use case runs, except for one whose manifest says that it reads the account itself.
    `if_match` are the versions that the caller accepts to change, null for any.
    """

    uid: str
    email: str | None = None
    is_admin: bool = False
    correlation_id: str = ""
    ip: str = ""
    origin: str | None = None
    idempotency_key: str | None = None
    signed_in_at: datetime | None = None
    email_verified: bool = False
    account: Account | None = None
    if_match: AbstractSet[int] | None = None

    def require_version(self, current: int) -> None:
        """Raises VersionMismatchError where the caller wants to change another version than the current one."""
        if self.if_match is not None and current not in self.if_match:
            raise VersionMismatchError(f"The current version is {current}; read it and decide anew.", field="If-Match")


@dataclass(frozen=True)
class Delivery:
    """One delivery of a message; `attempt` counts from 1, `body` is the message's data as text."""

    message_id: str
    subscription: str = ""
    attempt: int = 1
    attributes: Mapping[str, str] = field(default_factory=dict)
    correlation_id: str = ""
    body: str = ""


class ObjectFinalized(BaseModel):
    """The bucket's notice that an object is whole; `md5` is base64, and absent for a composed object."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    name: str
    bucket: str
    size: int
    content_type: str = Field(default="application/octet-stream", alias="contentType")
    md5: str | None = Field(default=None, alias="md5Hash")


Context = Call | Delivery
