"""`python -m local.contract` writes the contract's files; `--check` only says which are stale."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.contract import callables
from local.contract.document import ROOT, as_text, document
from local.contract.functions import ContractError, read_functions
from local.contract.schemas import Schemas

OPENAPI = ROOT / "docs" / "openapi.json"
CALLABLES = ROOT / "web" / "types" / "callables.ts"
TYPES = ROOT / "web" / "types" / "api.d.ts"
_TO_TYPESCRIPT = ROOT / "node_modules" / ".bin" / "openapi-typescript"


def written() -> Mapping[Path, str]:
    """The files that Python writes, as they should be now."""
    entries = read_functions()
    schemas = Schemas(entries)
    return {OPENAPI: as_text(document(entries, schemas)), CALLABLES: callables.as_typescript(entries, schemas)}


def stale(files: Mapping[Path, str]) -> list[Path]:
    """Those that are not as they should be."""
    return [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]


def types_of(source: Path) -> str:
    """TypeScript's types of an OpenAPI document; a field with a default may be left out of a request."""
    command = [str(_TO_TYPESCRIPT), str(source), "--default-non-nullable=false", "--alphabetize"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout


def main(arguments: list[str]) -> int:
    """Write or check; the exit code tells of staleness, and of a function whose contract cannot be written."""
    try:
        files = written()
    except ContractError as error:
        print(error)
        return 1
    if "--check" in arguments:
        wrong = stale(files)
        print("".join(f"{path.relative_to(ROOT)} is stale: run make contract.\n" for path in wrong), end="")
        return int(bool(wrong))
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    TYPES.write_text(types_of(OPENAPI), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
