"""Personas that people write for themselves, beside those that the product brings."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.core.ids import derived_id
from shared.domain.base import Model, Name, Record
from shared.domain.bot import Keyword


class PersonaDraft(Model):
    """What a person decides of an own persona."""

    name: Name
    description: str = Field(default="", max_length=2000)
    keywords: tuple[Keyword, ...] = Field(default=(), max_length=20)
    # As a bot's own: they stand in every prompt that speaks as the persona.
    instructions: Annotated[str, StringConstraints(min_length=1, max_length=8000)]


class OwnPersona(Record):
    """Stored under `id`, which is derived from its owner and the id that the owner chose, so that two may choose the same."""

    id: str
    persona_id: str
    owner_id: str
    version: int = Field(default=1, description="Counts the changes, so that a change can be guarded; older ones are not kept.")
    configuration: PersonaDraft
    created_at: datetime
    updated_at: datetime


def persona_key(owner_id: str, persona_id: str) -> str:
    """Where an owner's persona of that id is stored."""
    return derived_id("persona", owner_id, persona_id)
