"""JSON Schemas of people's own, checked so that a check against one is short, whatever a model has written.

Served are the keywords below alone: no patterns, no remote or circular references, and an expanded size that is bounded.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NoReturn

from pydantic import JsonValue

from shared.core.errors import InvalidArgumentError

MOST_SCHEMA_CHARACTERS = 20_000
MOST_DEPTH = 32
LARGEST = 2**53
"""What every JSON reader holds exactly."""
_MOST_WEIGHT = 1000
_MOST_CHECKS = 2_000_000
_MOST_FAULTS = 10
_FAULT_CHARACTERS = 300
_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_ANNOTATIONS = {
    "$comment",
    "$schema",
    "default",
    "deprecated",
    "description",
    "examples",
    "format",
    "readOnly",
    "title",
    "writeOnly",
}
_NUMBERS = {"exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"}
_SIZES = {"maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties", "required", "uniqueItems"}
_PLAIN = frozenset({"$ref", "const", "enum", "type", *_ANNOTATIONS, *_NUMBERS, *_SIZES})
_ONE = frozenset({"additionalProperties", "items"})
_SEVERAL = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"$defs", "properties"})
_REFERENCE = re.compile(r"#/\$defs/([A-Za-z0-9_.-]{1,100})")


def check_schema(schema: Mapping[str, Any], field: str) -> None:
    """Raises InvalidArgumentError naming the field, and what in the schema is not JSON Schema 2020-12 or not served here."""
    if len(json.dumps(schema)) > MOST_SCHEMA_CHARACTERS:
        _refuse(field, f"is longer than {MOST_SCHEMA_CHARACTERS} characters as JSON")
    if depth_of(schema) > MOST_DEPTH:
        _refuse(field, f"is nested more than {MOST_DEPTH} levels deep")
    if any(isinstance(value, int) and abs(value) > LARGEST for value in _leaves(schema)):
        _refuse(field, f"holds a number beyond {LARGEST}")
    # Imported here, since it takes some 60 ms and most runs need none.
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        _refuse(field, f"is no JSON Schema: {'.'.join(map(str, error.path))[:100] or 'it'} is not what the keyword takes")
    if schema.get("$schema", _DIALECT).rstrip("#") != _DIALECT:
        _refuse(field, f"must be of {_DIALECT}")
    if _Weights(schema, field).of(schema) > _MOST_WEIGHT:
        _refuse(field, f"has more than {_MOST_WEIGHT} parts once its references are followed")


def faults(schema: Mapping[str, Any], value: JsonValue) -> list[str]:
    """What keeps the value from fitting, as sentences that name its place; none for one that fits."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  As in check_schema.
    from referencing import Registry  # noqa: PLC0415

    if _Weights(schema, "").of(schema) * _size(schema, value) > _MOST_CHECKS:
        return ["the value is too large for this schema"]
    # An empty registry: no reference leads out of the schema, whatever stands in it.
    validator = Draft202012Validator(schema, registry=Registry())
    return [
        f"{'.'.join(map(str, error.absolute_path)) or 'the value'}: {error.message}"[:_FAULT_CHARACTERS]
        for error in islice(validator.iter_errors(value), _MOST_FAULTS)
    ]


def _size(schema: Mapping[str, Any], value: JsonValue) -> int:
    """How many values a check against one part looks at; `uniqueItems` compares every item of a list with every other."""
    leaves = list(_leaves(value))
    if not any(isinstance(part, dict) and part.get("uniqueItems") for part in _leaves(schema)):
        return len(leaves)
    return len(leaves) * max((len(leaf) for leaf in leaves if isinstance(leaf, list)), default=1)


class _Weights:
    """How much a check of one value against a part of the schema may take, references followed."""

    def __init__(self, schema: Mapping[str, Any], field: str) -> None:
        self._definitions = schema.get("$defs", {})
        self._field = field
        self._known: dict[str, int] = {}
        self._open: set[str] = set()

    def of(self, schema: Any) -> int:
        """One, and what its parts weigh. Raises InvalidArgumentError for what is not served."""
        if isinstance(schema, bool):
            return 1
        if unknown := schema.keys() - _PLAIN - _ONE - _SEVERAL - _NAMED:
            _refuse(self._field, f"uses {min(unknown)[:60]}, which is not served here")
        constants = sum(1 for name in ("enum", "const") if name in schema for _ in _leaves(schema[name]))
        referred = self._referred(schema["$ref"]) if "$ref" in schema else 0
        return 1 + constants + referred + sum(self.of(part) for part in _parts(schema))

    def _referred(self, reference: str) -> int:
        found = _REFERENCE.fullmatch(reference)
        if not found or found[1] not in self._definitions:
            _refuse(self._field, "has a $ref that is not '#/$defs/<name>' of a definition in it")
        name = found[1]
        if name in self._open:
            _refuse(self._field, f"refers to itself in $defs.{name}")
        if name not in self._known:
            self._open.add(name)
            self._known[name] = self.of(self._definitions[name])
            self._open.remove(name)
        return self._known[name]


def _parts(schema: Mapping[str, Any]) -> Iterator[Any]:
    """The schemas directly in it, definitions included: each is checked even where nothing refers to it."""
    for name, value in schema.items():
        if name in _ONE:
            yield value
        elif name in _SEVERAL:
            yield from value
        elif name in _NAMED:
            yield from value.values()


def depth_of(value: Any) -> int:
    """How deep lists and objects stand in each other; what is deeper than may be is not walked to its end."""
    level, depth = [value], 0
    while level and depth <= MOST_DEPTH:
        level = [item for one in level for item in _items(one)]
        depth += 1
    return depth


def _leaves(value: Any) -> Iterator[Any]:
    """Every value in it, and itself."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(_items(one))


def _items(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()


def _refuse(field: str, what: str) -> NoReturn:
    raise InvalidArgumentError(f"{field} {what}.", field=field)
