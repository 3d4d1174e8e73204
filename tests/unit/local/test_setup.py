"""The set-up script passes in an instant when nothing is to be done, and says in a sentence what it lacks."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from local.processes import ROOT

_PYTHONS = ("python3", "python3.11", "python3.12", "python3.13", "python3.14")
_INPUTS = ("local/setup", "requirements/dev.txt", "requirements/weights.txt", "package.json", "package-lock.json")


class Clone:
    """A copy of what the script reads, and a PATH whose Python, Node and apt-get are stand-ins."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commands = root / "commands"
        self.commands.mkdir()
        for path in _INPUTS:
            (root / path).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / path, root / path)
        self.pretend("apt-get", "exit 100")

    def pretend(self, command: str, script: str) -> None:
        stand_in = self.commands / command
        stand_in.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        stand_in.chmod(0o755)

    def stamp(self, folder: str, name: str, *inputs: str) -> None:
        (self.root / folder).mkdir(exist_ok=True)
        content = b"".join((self.root / each).read_bytes() for each in inputs)
        (self.root / folder / name).write_bytes(subprocess.run("cksum", input=content, capture_output=True, check=True).stdout)

    def stamp_python(self) -> None:
        self.stamp(".venv", "setup-stamp", "requirements/dev.txt", "requirements/weights.txt")

    def stamp_node(self) -> None:
        self.stamp("node_modules", ".setup-stamp", "package-lock.json")

    def set_up(self) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.commands}:/usr/bin:/bin"}
        return subprocess.run(
            [self.root / "local" / "setup"], env=environment, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path)


def test_with_both_stamps_nothing_is_run(clone):
    for command in (*_PYTHONS, "node", "npm"):
        clone.pretend(command, "echo must not run; exit 9")
    clone.stamp_python()
    clone.stamp_node()
    began = time.monotonic()
    done = clone.set_up()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - began < 1


def test_an_old_python_is_named_with_what_to_do(clone):
    for command in _PYTHONS:
        clone.pretend(command, 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    clone.stamp_node()
    refused = clone.set_up()
    assert refused.returncode == 1
    assert "Python 3.11 or newer is needed; found Python 3.9.2." in refused.stderr


def test_an_old_node_is_named_with_what_to_do(clone):
    clone.pretend("node", "echo v18.19.0")
    clone.pretend("npm", "exit 9")
    clone.stamp_python()
    refused = clone.set_up()
    assert refused.returncode == 1
    assert "Node.js 20 or newer is needed; found v18.19.0." in refused.stderr


def test_without_internet_it_says_so_and_the_next_run_tries_again(clone):
    clone.pretend("node", "echo v20.0.0")
    clone.pretend("npm", "echo getaddrinfo ENOTFOUND registry; exit 1")
    clone.stamp_python()
    for _ in range(2):
        refused = clone.set_up()
        assert refused.returncode == 1
        assert "getaddrinfo ENOTFOUND registry" in refused.stderr
        assert "The first set-up needs the internet (the npm registry)" in refused.stderr


def test_a_changed_lock_file_is_installed_anew(clone):
    clone.pretend("node", "echo v20.0.0")
    clone.pretend("npm", 'echo "$@" >>installed; mkdir -p node_modules')
    clone.stamp_python()
    assert clone.set_up().returncode == 0
    assert clone.set_up().returncode == 0
    with (clone.root / "package-lock.json").open("a", encoding="utf-8") as lock:
        lock.write("\n")
    assert clone.set_up().returncode == 0
    assert (clone.root / "installed").read_text("utf-8").splitlines() == ["ci --no-audit --no-fund --ignore-scripts"] * 2
