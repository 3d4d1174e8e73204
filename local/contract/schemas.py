"""The models of all contracts as JSON schemas, under names that stay when functions come and go."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core import core_schema

from local.contract.functions import ContractError, HttpEntry

Schema = dict[str, Any]

_PREFIX = "#/components/schemas/"
_Field = core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField


class _Generator(GenerateJsonSchema):
    """Without titles, which repeat the names; and what is answered is always there, whether it has a default or not."""

    def field_title_should_be_set(self, _: Any) -> bool:
        return False

    def field_is_required(self, field: _Field, total: bool) -> bool:  # noqa: FBT001 - pydantic's signature.
        return self.mode == "serialization" or super().field_is_required(field, total)

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        return _untitled(super().model_schema(schema))

    def enum_schema(self, schema: core_schema.EnumSchema) -> Schema:
        return _untitled(super().enum_schema(schema))


class Schemas:
    """The document's components; requests as they are read, answers as they are written."""

    def __init__(self, entries: Iterable[HttpEntry]) -> None:
        models = sorted({key for entry in entries for key in _models(entry)}, key=lambda key: (key[0].__qualname__, key[1]))
        references, definitions = models_json_schema(models, ref_template=_PREFIX + "{model}", schema_generator=_Generator)
        self.components: dict[str, Schema] = {_name(key): _renamed(value) for key, value in definitions["$defs"].items()}
        self._references: dict[Any, Schema] = {key: _renamed(value) for key, value in references.items()}

    def request(self, model: type[BaseModel]) -> Schema:
        """A reference to what the model takes."""
        return self._references[model, "validation"]

    def answer(self, model: type[BaseModel]) -> Schema:
        """A reference to what the model is written as."""
        return self._references[model, "serialization"]

    def resolved(self, schema: Schema) -> Schema:
        """The schema that a reference leads to."""
        reference = schema.get("$ref")
        return self.components[reference.removeprefix(_PREFIX)] if reference else schema

    def add(self, name: str, schema: Schema) -> Schema:
        """A reference to a new component. Raises ContractError for a name that a model has already."""
        if self.components.setdefault(name, schema) != schema:
            raise ContractError(f"{name} is the name of two schemas; rename the model of that name.")
        return {"$ref": _PREFIX + name}


def _models(entry: HttpEntry) -> Iterable[tuple[type[BaseModel], JsonSchemaMode]]:
    yield entry.request, "validation"
    for model in (*entry.events, *([entry.result] if entry.result else [])):
        yield model, "serialization"


def _name(name: str) -> str:
    """`Page_BotView_` is PageOfBotView. Where a model is both taken and answered, and the two differ, the answer has its name."""
    if "__" in name:
        raise ContractError(f"Two models are named alike, so that one is called {name}; rename one of them.")
    generic = re.sub(r"_(\w+)_(?=$|-)", r"Of\1", name)
    return generic.removesuffix("-Output").replace("-Input", "Input")


def _renamed(schema: Any) -> Any:
    """The schema with its references under the new names."""
    return _walked(schema, lambda text: _PREFIX + _name(text.removeprefix(_PREFIX)) if text.startswith(_PREFIX) else text)


def _walked(value: Any, change: Callable[[str], str]) -> Any:
    """The value with each of its texts changed, mappings of discriminators included."""
    if isinstance(value, dict):
        return {key: _walked(member, change) for key, member in value.items()}
    if isinstance(value, list):
        return [_walked(member, change) for member in value]
    return change(value) if isinstance(value, str) else value


def _untitled(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "title"}
