"""The Firestore rules as the real client SDK meets them, in every collection."""

import re
import subprocess
from collections.abc import Callable, Mapping

import pytest

from local.toolchain import ROOT
from tests.e2e.test_javascript_sdk import environment_of
from tests.isolation.collections import stored_paths

SUITE = ROOT / "tests" / "isolation" / "collections.test.mjs"
EXPECTED = {"bots/alices", "documents/alices", "conversations/alices/turns/1", "chunks/alices", "usage/alices", "users/alices"}


def test_the_collections_are_found_in_the_source() -> None:
    assert set(stored_paths()) >= EXPECTED


@pytest.mark.timeout(240)
def test_no_collection_lets_a_stranger_in(stack, tell: Callable[[str], None]) -> None:
    command = ["node", "--test", "--test-reporter=tap", str(SUITE)]
    environment: Mapping[str, str] = {**environment_of(stack), "PATHS": ",".join(stored_paths())}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=220, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [counts] = re.findall(r"# (isolation under the rules: .*)", ended.stdout)
    tell(counts)
