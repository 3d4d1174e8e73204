"""What callers are shown of prompts and personas: never an owner's id, nor what the product's own ones tell a model."""

from datetime import datetime
from typing import Self

from pydantic import Field, JsonValue

from shared.domain.base import Model
from shared.domain.bot import GenerationSettings
from shared.domain.own_persona import OwnPersona
from shared.domain.personas import Persona
from shared.domain.task import BuiltIn
from shared.domain.template import SavedPrompt, Variable


class PromptView(Model):
    """A prompt to run. What the product's own ones ask a model stays with it: their texts are null."""

    id: str
    own: bool
    version: int
    name: str
    description: str
    variables: tuple[Variable, ...]
    generation: GenerationSettings
    text: str | None = None
    system: str | None = None
    model: str | None = None
    output_schema: dict[str, JsonValue] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @classmethod
    def of(cls, prompt: SavedPrompt) -> Self:
        """An own prompt, in one of its versions."""
        known = prompt.model_dump(include={"version", "created_at", "updated_at"})
        return cls(id=prompt.prompt_id, own=True, **prompt.template.model_dump(), **known)

    @classmethod
    def of_built_in(cls, task: BuiltIn) -> Self:
        """A task that the product brings."""
        return cls(own=False, **task.model_dump())


class PersonaView(Model):
    """A persona to choose. The instructions of the product's own ones stay with it, and they have no versions."""

    id: str
    own: bool
    name: str
    description: str
    keywords: tuple[str, ...]
    instructions: str | None = None
    version: int | None = Field(default=None, description="Counts the changes of an own one.")
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @classmethod
    def of(cls, persona: OwnPersona) -> Self:
        """An own persona."""
        known = persona.model_dump(include={"version", "created_at", "updated_at"})
        return cls(id=persona.persona_id, own=True, **persona.configuration.model_dump(), **known)

    @classmethod
    def of_system(cls, persona: Persona) -> Self:
        """A persona that the product brings."""
        return cls(own=False, **persona.model_dump(exclude={"instructions"}))
