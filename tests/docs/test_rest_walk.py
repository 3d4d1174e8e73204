"""The walk by REST runs as it is printed, with a model that goes on until it is stopped."""

import os
import subprocess
from pathlib import Path
from shutil import which

import pytest

from local.stack import Stack
from local.toolchain import ROOT
from tests.docs.test_guides import blocks

WALK = ROOT / "docs" / "rest-walk.md"


@pytest.mark.timeout(240)
@pytest.mark.skipif(which("jq") is None, reason="the guide uses jq, which this machine lacks")
@pytest.mark.parametrize("model", ["local-extractive", "openai-compatible"])
def test_the_walk_runs_as_it_stands(stack: Stack, tmp_path: Path, model: str) -> None:
    script = "set -euo pipefail\n" + "\n".join(blocks(WALK, "sh"))
    environment = {**os.environ, "API": f"{stack.url}/api/v1", "MODEL": model}
    ended = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said = dict(part.split("\n", 1) for part in ended.stdout.split("▸ ")[1:])
    assert '"status": 412' in said["A new version"]
    assert '"type":"token"' in said["Chat, and lose the connection"]
    resumed = said["Resume on a second client, and stop"]
    assert resumed.count('data: {"result":') == 1
    assert '"status":"stopped"' in resumed or model == "local-extractive"
    assert '"title": "Of whales"' in said["Rate, rename, delete"]
    assert '"status": "done"' in said["Rate, rename, delete"]
    assert '"code": "NOT_FOUND"' in said["Rate, rename, delete"]
    assert '"code": "UNAUTHENTICATED"' in said["Sign out"]
