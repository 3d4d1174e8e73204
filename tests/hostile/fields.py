"""Where a request holds text, found in its schema, so that a new field is tried by itself."""

import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

Path = tuple[str | int, ...]


def text_paths(model: type[BaseModel]) -> list[Path]:
    """The way to each text of the request, the first item of lists included."""
    schema = model.model_json_schema()
    return list(dict.fromkeys(_texts(schema, schema.get("$defs", {}), ())))


def with_text(fields: dict[str, Any], path: Path, text: Any) -> dict[str, Any]:
    """The request with the text in that place; what leads to it is made where the request leaves it out."""
    changed: Any = copy.deepcopy(fields)
    place: Any = changed
    for step, following in pairwise(path):
        inner = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            if not place:
                place.append(inner)
            place = place[0]
        else:
            if not isinstance(place.get(step), type(inner)):
                place[step] = inner
            place = place[step]
    if isinstance(path[-1], int):
        place[:] = [text]
    else:
        place[path[-1]] = text
    return changed


def _texts(schema: dict[str, Any], definitions: dict[str, Any], path: Path) -> Iterator[Path]:
    if reference := schema.get("$ref"):
        schema = definitions[reference.rsplit("/", 1)[-1]]
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _texts(option, definitions, path)
    if schema.get("type") == "string" and path:
        yield path
    if schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        yield from _texts(schema["items"], definitions, (*path, 0))
    for name, inner in schema.get("properties", {}).items():
        yield from _texts(inner, definitions, (*path, name))
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        yield from _texts(extra, definitions, (*path, "name"))
