"""What the README and the guides say is there: verbs, links, settings, and snippets that work as they are printed."""

import ast
import os
import re
import subprocess
from pathlib import Path
from shutil import which

import pytest
import yaml

from local.accounts import sign_in
from local.stack import Stack
from local.toolchain import ROOT
from shared.core.ids import new_id
from shared.core.settings import Settings
from shared.runtime.catalogue import Manifest, read_all

GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FIRST_STEPS = ROOT / "docs" / "first-steps.md"
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def blocks(path: Path, language: str) -> list[str]:
    """The code blocks of a guide in one language, without their indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_verb_that_a_guide_names_is_in_the_makefile(guide: Path):
    verbs = set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", guide.read_text("utf-8"), re.MULTILINE))
    assert all(re.search(rf"^{one or other}:", MAKEFILE, re.MULTILINE) for one, other in verbs)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_link_leads_to_a_file_of_the_project(guide: Path):
    links = re.findall(r"\]\(([^)#\s]+)\)", guide.read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (guide.parent / link).exists()] == []


def test_every_folder_of_the_readmes_map_exists():
    rows = re.findall(r"^\| (`[^|]+`) \|", (ROOT / "README.md").read_text("utf-8").split("## The map")[1], re.MULTILINE)
    paths = [path for row in rows for path in re.findall(r"`([^`<\s]+)[^`]*`", row)]
    assert len(paths) > 8
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_setting_that_the_readme_names_is_read():
    named = set(re.findall(r"`([A-Z][A-Z_]+)(?:=[^`]*)?`", (ROOT / "README.md").read_text("utf-8")))
    assert named
    assert named <= {name.upper() for name in Settings.model_fields}


def test_the_manifests_of_the_patterns_are_valid():
    guide = ROOT / "docs" / "patterns.md"
    manifests = [yaml.safe_load(block) for block in blocks(guide, "yaml")]
    assert manifests
    assert all(Manifest.model_validate({"name": "list_bot_versions", **declared}) for declared in manifests)


def test_the_python_of_the_patterns_is_the_projects_own():
    (snippet,) = blocks(ROOT / "docs" / "patterns.md", "python")
    shown = ast.parse(snippet)
    real = ast.parse((ROOT / "functions" / "list_bot_versions" / "main.py").read_text("utf-8"))
    functions = [{node.name: node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)} for tree in (shown, real)]
    assert ast.dump(functions[0]["list_bot_versions"]) == ast.dump(functions[1]["list_bot_versions"])


def test_the_routes_of_the_guide_are_those_of_the_manifests():
    rows = re.findall(r"^\| `(\w+ /\S+)` \| `(\w+)` \|", FIRST_STEPS.read_text("utf-8"), re.MULTILINE)
    manifests = [manifest for manifest in read_all() if manifest.trigger.http]
    served = {(one.trigger.http.route.replace("/api/v1", "", 1), one.name) for one in manifests if one.trigger.http}
    assert set(rows) == served


@pytest.mark.skipif(which("jq") is None, reason="the guide uses jq, which this machine lacks")
def test_the_first_steps_run_as_they_stand(stack: Stack):
    user = sign_in(stack.environment["FIREBASE_AUTH_EMULATOR_HOST"], f"{new_id()}@synapse.example", "correct horse battery")
    script = "set -euo pipefail\n" + "\n".join(blocks(FIRST_STEPS, "sh"))
    environment = {**os.environ, "API": f"{stack.url}/api/v1", "TOKEN": user.id_token}
    ended = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert '"verified": true' in ended.stdout
    assert '"status": "ready"' in ended.stdout
    assert 'data: {"result":' in ended.stdout
