"""An own prompt: text with `{{variables}}`, filled in by nothing cleverer than putting values in their places.

There is no code, no condition and no nesting. Values are inserted as they are and in one pass, so that a value which holds
`{{another}}` opens no place of its own.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from math import isfinite
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Field,
    JsonValue,
    PlainSerializer,
    SerializationInfo,
    StringConstraints,
    model_validator,
)

from shared.core.errors import InvalidArgumentError
from shared.core.ids import derived_id
from shared.domain.base import Model, Name, Record, spelled
from shared.domain.bot import GenerationSettings

_PLACE = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*\}\}")
# What every JSON reader and the store hold exactly.
_LARGEST = 2**53
_MOST_ITEMS = 1000
# What the largest models read at once. A short text can name one long value in thousands of places.
MOST_RENDERED = 4_000_000


class VariableType(StrEnum):
    """What a variable's value may be; a list is of texts, an object is any JSON object."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    LIST = "list"
    OBJECT = "object"


VariableName = Annotated[
    str,
    StringConstraints(
        pattern=spelled(r"^[A-Za-z_][A-Za-z0-9_]{0,59}$", "a letter, then letters, digits or underscores, 60 at most")
    ),
]
Option = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Variable(Model):
    """One place of a prompt. Who leaves it out gets `default`; without one, an error where it is required, else nothing.

    `max_length` counts characters, of all items together in a list, and of the JSON of an object.
    """

    name: VariableName
    type: VariableType = VariableType.TEXT
    description: str = Field(default="", max_length=500)
    required: bool = True
    default: JsonValue = None
    max_length: int = Field(default=20_000, ge=1, le=200_000)
    options: tuple[Option, ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if self.type is VariableType.CHOICE and not self.options:
            raise ValueError("options: must name what there is to choose from")
        if self.options and self.type is not VariableType.CHOICE:
            raise ValueError("options: may be given for a choice alone")
        if self.default is not None and (wrong := self.fault(self.default)):
            raise ValueError(f"default: {wrong}")
        return self

    def fault(self, value: JsonValue) -> str | None:
        """What a value must be instead, as the end of a sentence; None for one that fits."""
        expected, fits = _EXPECTED[self.type]
        if not fits(value):
            return f"must be {expected}"
        if self.type is VariableType.CHOICE and value not in self.options:
            return f"must be one of {', '.join(self.options)}"
        if len(written(value)) > self.max_length:
            return f"must have at most {self.max_length} characters"
        return None


class PromptTemplate(Model):
    """What a person decides of an own prompt. Only `text` has places: `system` is the same in every run.

    With an `output_schema` the model answers JSON that fits it.
    """

    name: Name
    description: str = Field(default="", max_length=2000)
    text: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    system: str = Field(default="", max_length=8000)
    variables: tuple[Variable, ...] = Field(default=(), max_length=30)
    model: str | None = Field(
        default=None, max_length=100, description="A model of the registry; null: the environment's default."
    )
    generation: GenerationSettings = GenerationSettings()
    output_schema: dict[str, JsonValue] | None = Field(default=None, description="JSON Schema 2020-12 of the answer.")

    @model_validator(mode="after")
    def _places_are_declared(self) -> Self:
        names = [variable.name for variable in self.variables]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"variables: may declare {min(twice)} once, not twice")
        if unknown := places(self.text) - set(names):
            raise ValueError(f"text: may name declared variables alone, and {{{{{min(unknown)}}}}} is none")
        return self

    def render(self, values: Mapping[str, JsonValue]) -> str:
        """The text with its values, which `chosen` has checked. Raises InvalidArgumentError (variables) for one too long."""
        named = _PLACE.findall(self.text)
        texts = {name: written(values[name]) for name in named}
        if sum(len(texts[name]) for name in named) > MOST_RENDERED:
            raise InvalidArgumentError(
                f"With its values the prompt would be longer than {MOST_RENDERED:,} characters.", field="variables"
            )
        return _PLACE.sub(lambda place: texts[place[1]], self.text)


def _read(stored: Any) -> Any:
    return json.loads(stored) if isinstance(stored, str) else stored


def _kept(template: PromptTemplate, info: SerializationInfo) -> Any:
    return template.model_dump_json() if info.mode == "python" else template


# A schema is any JSON: lists within lists, which no document may hold, or nested deeper than one may be.
StoredTemplate = Annotated[PromptTemplate, BeforeValidator(_read), PlainSerializer(_kept)]
"""A template that a document holds as JSON text."""


class SavedPrompt(Record):
    """Stored under `id`, which is derived from its owner and the id that the owner chose; `versions/{version}` beneath holds
    every version as it was the current one.
    """

    id: str
    prompt_id: str
    owner_id: str
    version: int = 1
    template: StoredTemplate
    created_at: datetime
    updated_at: datetime


class PromptRun(Record):
    """A kept answer of a run at temperature 0; `id` is a digest of the owner and of everything that the answer depends on."""

    id: str
    owner_id: str
    prompt_id: str
    answer: str = Field(description="The answer as JSON text: it may be nested deeper than a document's fields.")
    created_at: datetime
    expire_at: datetime


def prompt_key(owner_id: str, prompt_id: str) -> str:
    """Where an owner's prompt of that id is stored."""
    return derived_id("prompt", owner_id, prompt_id)


def places(text: str) -> set[str]:
    """The names that stand in double braces; other braces are text."""
    return set(_PLACE.findall(text))


def chosen(variables: tuple[Variable, ...], given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """A value for each variable, null where none was given and none is needed.

    Raises InvalidArgumentError naming the variable that is unknown, missing or wrong, as `variables.<name>`.
    """
    known = {variable.name: variable for variable in variables}
    for name in given:
        if name not in known:
            raise InvalidArgumentError(f"The prompt has no variable {name[:100]!r}.", field=f"variables.{name[:100]}")
    return {name: _value(variable, given.get(name)) for name, variable in known.items()}


def written(value: JsonValue) -> str:
    """A value as it stands in the text: a list's items on lines of their own, an object as JSON, null as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(str(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def _value(variable: Variable, given: JsonValue) -> JsonValue:
    value = variable.default if given is None else given
    field = f"variables.{variable.name}"
    if value is None:
        if variable.required:
            raise InvalidArgumentError(f"The prompt needs a value for {variable.name}.", field=field)
        return None
    if wrong := variable.fault(value):
        raise InvalidArgumentError(f"{field} {wrong}.", field=field)
    return value


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_number(value: Any) -> bool:
    return _is_integer(value) or (isinstance(value, float) and isfinite(value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MOST_ITEMS and all(isinstance(item, str) for item in value)


_EXPECTED = {
    VariableType.TEXT: ("a text", _is_text),
    VariableType.NUMBER: (f"a number between -{_LARGEST} and {_LARGEST}", _is_number),
    VariableType.INTEGER: (f"a whole number between -{_LARGEST} and {_LARGEST}", _is_integer),
    VariableType.BOOLEAN: ("true or false", lambda value: isinstance(value, bool)),
    VariableType.CHOICE: ("a text", _is_text),
    VariableType.LIST: (f"a list of at most {_MOST_ITEMS} texts", _is_list),
    VariableType.OBJECT: ("a JSON object", lambda value: isinstance(value, dict)),
}
