"""Runs the tests that are written in JavaScript, with the real Firebase SDK, against the running stack."""

import os
import subprocess
from pathlib import Path

import pytest

from local.stack import Stack
from local.toolchain import ROOT

SUITES = sorted((ROOT / "tests" / "e2e").glob("*.test.mjs"))
FILES = ROOT / "tests" / "files"
QUESTION = "What does the VERIFY_GROUP_FOR_USER function do?"


def environment_of(stack: Stack) -> dict[str, str]:
    addresses = stack.environment
    return {
        **os.environ,
        "GATEWAY_PORT": addresses["GATEWAY_PORT"],
        "AUTH_HOST": addresses["FIREBASE_AUTH_EMULATOR_HOST"],
        "FIRESTORE_HOST": addresses["FIRESTORE_EMULATOR_HOST"],
        "PROJECT": addresses["GOOGLE_CLOUD_PROJECT"],
        "UPLOAD_FILE": str(FILES / "redp5110_sampled.pdf"),
        "QUESTION": QUESTION,
        "SLOW_MODEL": "openai-compatible",
    }


@pytest.mark.timeout(240)
@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.stem)
def test_the_javascript_suite_passes(suite: Path, stack: Stack):
    command = ["node", "--test", "--test-reporter=tap", str(suite)]
    ended = subprocess.run(command, cwd=ROOT, env=environment_of(stack), capture_output=True, text=True, timeout=220, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
