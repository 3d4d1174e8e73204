"""The web's types follow the contract, and a page that is typed by them compiles."""

import subprocess
from pathlib import Path

from local.contract.__main__ import OPENAPI, ROOT, TYPES, types_of

PAGE = Path(__file__).parent / "page.ts"
COMPILER = [str(ROOT / "node_modules" / ".bin" / "tsc"), "--noEmit", "--strict", "--skipLibCheck"]
MODERN = ["--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.asynciterable"]


def compiled(page: Path) -> str:
    """What the compiler finds wrong."""
    command = [*COMPILER, *MODERN, str(page)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False).stdout


def test_the_types_are_those_of_the_contract() -> None:
    assert TYPES.read_text("utf-8") == types_of(OPENAPI), "run make contract"


def test_a_page_is_typed_by_the_names_of_functions() -> None:
    assert compiled(PAGE) == ""
