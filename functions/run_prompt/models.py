"""What `run_prompt` takes, and a prompt that can be run, whoever brought it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field, JsonValue

from shared.agent import tasks
from shared.domain.base import Id, Model
from shared.domain.bot import GenerationSettings
from shared.domain.prompt import ModelSpec
from shared.domain.task import BuiltIn
from shared.domain.template import PromptTemplate, SavedPrompt, Variable


class RunPrompt(Model):
    """A run of one of the product's tasks or of an own prompt; `model` and `generation` stand in for the prompt's."""

    prompt_id: Id
    version: int | None = Field(default=None, ge=1, lt=10**9, description="The current one where left out.")
    variables: dict[str, JsonValue] = Field(default_factory=dict, max_length=30)
    model: str | None = Field(default=None, max_length=100)
    generation: GenerationSettings | None = None


@dataclass(frozen=True)
class Runnable:
    """A prompt in one version."""

    version: int
    content: BuiltIn | PromptTemplate

    @classmethod
    def saved(cls, prompt: SavedPrompt) -> "Runnable":
        """An own one."""
        return cls(prompt.version, prompt.template)

    @property
    def model(self) -> str | None:
        """The model that it names; the product's tasks name none."""
        return self.content.model if isinstance(self.content, PromptTemplate) else None

    @property
    def variables(self) -> tuple[Variable, ...]:
        """What it takes."""
        return self.content.variables

    def task(self, values: Mapping[str, Any], spec: ModelSpec, generation: GenerationSettings) -> tasks.Task:
        """The run of it; raises as `tasks.built_in`."""
        if isinstance(self.content, PromptTemplate):
            return tasks.own(self.content, values, spec, generation)
        return tasks.built_in(self.content.id, values, spec, generation)
