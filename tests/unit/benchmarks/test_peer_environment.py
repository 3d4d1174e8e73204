"""What is measured beside ours is installed for that alone, at the versions that the project has, by hash."""

import re
from pathlib import Path

import pytest

from local.toolchain import ROOT

REQUIREMENTS = ROOT / "requirements"
PEERS = {"langchain-community", "langchain-core", "langchain-text-splitters", "llama-index-core", "llama-index-readers-file"}


def pins(lock: Path) -> set[tuple[str, str]]:
    return set(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock.read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", ["base", "ai", "documents", "dev"])
def test_no_other_set_has_the_peers(name: str):
    assert PEERS & {package for package, _ in pins(REQUIREMENTS / f"{name}.txt")} == set()


def test_what_both_need_is_the_same_version():
    own, theirs = pins(REQUIREMENTS / "dev.txt"), pins(REQUIREMENTS / "benchmarks.txt")
    both = {package for package, _ in own} & {package for package, _ in theirs}
    assert {"pydantic", "onnxruntime", "tokenizers"} <= both
    assert {pin for pin in theirs if pin[0] in both} <= own


def test_each_package_is_held_by_its_hash():
    lock = REQUIREMENTS / "benchmarks.txt"
    assert {package for package, _ in pins(lock)} >= PEERS
    assert all(
        "--hash=sha256:" in part for part in re.split(r"^(?=[a-z])", lock.read_text("utf-8"), flags=re.MULTILINE) if "==" in part
    )
