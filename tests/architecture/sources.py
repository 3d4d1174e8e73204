"""The program's own Python files, parsed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One file and its syntax tree; `path` is relative to the repository."""

    path: Path
    tree: ast.Module

    @property
    def imports(self) -> list[str]:
        """Every module that it imports, wherever in the file."""
        return [name for node in ast.walk(self.tree) for name in _imported(node)]


@cache
def program() -> tuple[Source, ...]:
    """What is deployed: functions and shared."""
    return tuple(_parsed(path) for room in ("functions", "shared") for path in sorted((ROOT / room).rglob("*.py")))


def of_functions() -> Iterator[tuple[str, Source]]:
    """The files of the functions' folders, with the folder's name."""
    for source in program():
        if source.path.parts[0] == "functions" and len(source.path.parts) > 2:
            yield source.path.parts[1], source


def _parsed(path: Path) -> Source:
    return Source(path.relative_to(ROOT), ast.parse(path.read_text("utf-8")))


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []
