"""Builds what is deployed: one zip a function, the same bytes from the same files on every machine."""

import argparse
import hashlib
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from shared.core.errors import SynapseError
from shared.runtime import catalogue

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "functions"
DEPLOYED = {".py", ".json", ".yaml"}
LEFT_BEHIND = {".pyc"}
# It serves the contract and the tests; a change of it should not deploy a function anew.
EXAMPLE = "example.json"


class PackageError(Exception):
    """A function cannot be packaged; the message names the file and what to do."""


def build(name: str, needs: str, out: Path, root: Path = ROOT) -> Path:
    """The zip of one function, written to `out`; `root` holds functions/, shared/ and requirements/. Raises PackageError."""
    entries = contents(name, needs, root)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.zip"
    _write(path, entries)
    return path


def contents(name: str, needs: str, root: Path = ROOT) -> dict[str, bytes]:
    """What the zip holds, by path in it. Raises PackageError."""
    requirements = root / "requirements" / f"{needs}.txt"
    if not requirements.is_file():
        raise PackageError(f"{requirements}: the requirement set {needs} of {name} has no lock file; run requirements/lock")
    if not (root / "functions" / name / "main.py").is_file():
        raise PackageError(f"functions/{name}/main.py: missing")
    files = [root / "functions" / "__init__.py", *_deployed(root / "functions" / name), *_deployed(root / "shared")]
    entries = {path.relative_to(root).as_posix(): path.read_bytes() for path in files}
    entries["main.py"] = f"from functions.{name}.main import {name}\n".encode()
    entries["requirements.txt"] = requirements.read_bytes()
    return entries


def _deployed(folder: Path) -> list[Path]:
    """Every file that runs; one of an unknown kind is an error, since leaving it out would only be seen in the cloud."""
    files = [path for path in folder.rglob("*") if path.is_file() and not _stays(path)]
    strange = [path for path in files if path.suffix not in DEPLOYED]
    if strange:
        raise PackageError(
            f"{strange[0]}: only {', '.join(sorted(DEPLOYED))} files are deployed; move it, or extend local/package.py"
        )
    return files


def _stays(path: Path) -> bool:
    return path.suffix in LEFT_BEHIND or path.name == EXAMPLE


def _write(path: Path, entries: dict[str, bytes]) -> None:
    """Sorted, stored, with fixed times and modes: compressors differ between machines, so equal files would differ zipped."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for entry in sorted(entries):
            head = zipfile.ZipInfo(entry, date_time=(1980, 1, 1, 0, 0, 0))
            head.create_system = 3  # Unix, on every machine, so that the mode below is read.
            head.external_attr = 0o100644 << 16
            archive.writestr(head, entries[entry])


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.package", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="functions to build; all of the catalogue by default")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the zips (build/functions)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the zips and print name, size in bytes and sha256 of each; 1 with a sentence when one cannot be built."""
    given = _arguments(arguments)
    try:
        manifests = [catalogue.read(name) for name in given.names] or catalogue.read_all()
        for manifest in manifests:
            zipped = build(manifest.name, manifest.needs, given.out).read_bytes()
            print(f"{manifest.name:28} {len(zipped):>9}  {hashlib.sha256(zipped).hexdigest()}")
    except (PackageError, SynapseError) as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
