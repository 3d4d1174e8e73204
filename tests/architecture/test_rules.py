"""Rules of the whole program that no linter knows."""

import ast
from pathlib import Path

from importlinter.cli import lint_imports

from tests.architecture.sources import ROOT, Source, program

ENVIRONMENT = {"environ", "environb", "getenv", "putenv", "unsetenv"}


def _reads_environment(source: Source) -> bool:
    nodes = ast.walk(source.tree)
    return any(
        (isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT)
        or (isinstance(node, ast.alias) and node.name in ENVIRONMENT)
        for node in nodes
    )


def _is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether it catches everything: `except:`, `except Exception`, `except BaseException`, alone or in a tuple."""
    if handler.type is None:
        return True
    return any(isinstance(node, ast.Name) and node.id in {"Exception", "BaseException"} for node in ast.walk(handler.type))


def test_the_environment_is_read_in_one_file() -> None:
    assert [source.path for source in program() if _reads_environment(source)] == [Path("shared/core/settings.py")]


def test_the_program_has_one_broad_except() -> None:
    broad = [
        source.path
        for source in program()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
    ]
    assert broad == [Path("shared/runtime/boundary.py")]


def test_the_program_prints_nothing() -> None:
    printing = [
        source.path
        for source in program()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_only_the_composition_root_knows_adapters() -> None:
    knowing = {
        source.path
        for source in program()
        if source.path.parts[1] != "adapters" and any(module.startswith("shared.adapters") for module in source.imports)
    }
    assert knowing <= {Path("shared/runtime/wiring.py"), Path("shared/runtime/models.py")}


def test_rooms_point_one_way() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0
