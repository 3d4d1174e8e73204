"""Every collection that the adapters store in, read from their own source, so that a new one is tried by itself."""

import ast
from collections.abc import Iterator

from tests.architecture.sources import program

_OPENERS = {"reference", "collection", "collection_group", "document", "place_of_user", "_owned"}
UNDER = {"versions": "bots", "steps": "documents", "turns": "conversations"}
"""Whose documents a subcollection lies under."""


def stored_paths() -> list[str]:
    """The path of one document in each collection, Alice's."""
    return sorted({_path(name) for name in _collections()})


def _path(name: str) -> str:
    parent = UNDER.get(name)
    return f"{parent}/alices/{name}/1" if parent else f"{name}/alices"


def _collections() -> Iterator[str]:
    for source in program():
        if source.path.parts[1] != "adapters":
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and _name(node.func) in _OPENERS:
                yield from (part.value for part in node.args if _is_collection(part))


def _is_collection(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.replace("_", "").isalpha()


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
