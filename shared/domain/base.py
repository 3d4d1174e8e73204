"""How every stored or exchanged model behaves: frozen, closed, and stamped with the version of its shape."""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

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


Id = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")]
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
