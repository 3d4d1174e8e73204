"""How every stored or exchanged model behaves: frozen, closed, and stamped with the version of its shape."""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Item = TypeVar("Item")


class Model(BaseModel):
    """Frozen and closed: an unknown field from outside is an error that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Record(BaseModel):
    """A stored document: unknown fields are ignored, since the next release may have written them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1

    @classmethod
    def stored(cls, fields: Mapping[str, Any] | None) -> Self:
        """The record of a stored document; what the next release added is passed over in nested models too."""
        return cls.model_validate(fields, extra="ignore")


SPELLINGS: dict[str, str] = {}
"""What each pattern of a request asks for, in words."""


def spelled(pattern: str, words: str) -> str:
    """The pattern, which a refusal puts into these words: `must be ...`."""
    SPELLINGS[pattern] = words
    return pattern


ONE_LINE = spelled(r"^[^\x00-\x1f\x7f]*$", "one line without control characters")
Name = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True, pattern=ONE_LINE)]
"""What a person calls a thing."""

Id = Annotated[str, Field(min_length=1, max_length=128, pattern=spelled(r"^[A-Za-z0-9_-]+$", "letters, digits, - and _ alone"))]
"""An id from outside: what may stand in a Firestore path or an object name."""


class PageRequest(Model):
    """A window on a list: `cursor` is the opaque `next_cursor` of the page before."""

    # Each item is a billed read and lies in memory until the page is written.
    page_size: int = Field(default=20, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=512)


class Page(Model, Generic[Item]):
    """Items newest first unless the list says otherwise; `next_cursor` is null on the last page."""

    items: tuple[Item, ...]
    next_cursor: str | None = None
