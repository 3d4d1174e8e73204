"""Virtual environments that hold one requirement set each, made by the lock's content and kept in build/venvs."""

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENVS = ROOT / "build" / "venvs"


@cache
def environment_of(needs: str) -> Path:
    """The environment of a requirement set, as `pip install --require-hashes` of its lock makes it, and nothing else."""
    lock = ROOT / "requirements" / f"{needs}.txt"
    version = ".".join(map(str, sys.version_info[:2]))
    folder = VENVS / f"{needs}-{version}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    complete = folder / "complete"
    if not complete.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--python", sys.executable, str(folder))
        _uv("pip", "sync", "--require-hashes", "--compile-bytecode", "--python", str(folder / "bin" / "python"), str(lock))
        complete.touch()
    return folder


def _uv(*arguments: str) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    uv = shutil.which("uv", path=path)
    assert uv, "uv is not installed: pip install uv"
    done = subprocess.run([uv, "--quiet", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
