import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from shared.runtime import catalogue
from tests.terraform.places import DEV, ROOT, TOOL

# The tool's hand-written rule allows no underscore in a function's name. The platform does, since April 2023: "letters, numbers,
# hyphens, or underscores" (https://cloud.google.com/functions/docs/deploy), and httpsCallable("create_bot") needs it.
NAME_RULE = '"google_cloudfunctions2_function": [\n    {"rule": "match", "of": ["name"], "pattern": "^[a-z]([-a-z0-9]'


@pytest.fixture(scope="session")
def tfcheck() -> Path:
    if not TOOL.is_file():
        pytest.skip(f"{TOOL} is absent; set TFCHECK to the offline checker, or run terraform validate with the real registry")
    if not shutil.which(os.environ.get("TERRAFORM", "terraform")):
        pytest.skip("terraform is not on PATH")
    return TOOL


@pytest.fixture(scope="session")
def tfcheck_with_underscores(tfcheck, tmp_path_factory) -> Path:
    copy = tmp_path_factory.mktemp("tfcheck")
    shutil.copytree(tfcheck.parent / "tfstub", copy / "tfstub", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tfcheck", "requirements.txt"):
        shutil.copy(tfcheck.parent / name, copy / name)
    rules = copy / "tfstub" / "rules.json"
    text = rules.read_text("utf-8")
    rules.chmod(0o644)
    rules.write_text(text.replace(NAME_RULE, NAME_RULE.replace("[-a-z0-9]", "[-_a-z0-9]")), "utf-8")
    return copy / "tfcheck"


@pytest.fixture(scope="session")
def check():
    """Runs a checker; its virtual environment is made once, in build/venvs."""
    environment = {**os.environ, "TFSTUB_VENV": str(ROOT / "build" / "venvs" / "tfstub")}
    (ROOT / "build" / "venvs").mkdir(parents=True, exist_ok=True)

    def run(tool: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(tool), *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280, check=False)

    return run


@pytest.fixture(scope="session")
def manifests() -> dict:
    return {manifest.name: manifest for manifest in catalogue.read_all()}


@pytest.fixture(scope="session")
def packages(manifests, tmp_path_factory) -> Path:
    """A folder with a file for each function; a plan reads the zips' hashes alone."""
    folder = tmp_path_factory.mktemp("packages")
    for name in manifests:
        (folder / f"{name}.zip").write_text(name, "utf-8")
    return folder


@pytest.fixture(scope="session")
def plan(tfcheck_with_underscores, check, packages) -> dict:
    target = packages / "plan.json"
    variables = ["project=synapse-dev", f"packages={packages}", 'allowed_origins=["https://synapse-dev.web.app"]']
    flags = [flag for variable in [*variables, "openai_key_secret=openai-key"] for flag in ("--var", variable)]
    done = check(tfcheck_with_underscores, "--no-fmt", "--plan-json", str(target), *flags, str(DEV))
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(target.read_text("utf-8"))


@pytest.fixture(scope="session")
def planned(plan):
    """The planned values of every resource of a type, by address."""

    def of(kind: str) -> dict[str, dict]:
        changes = [change for change in plan["resource_changes"] if change["type"] == kind]
        return {change["address"]: change["change"]["after"] for change in changes}

    return of
