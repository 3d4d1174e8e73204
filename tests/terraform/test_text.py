"""What must hold of the written Terraform; needs no terraform."""

import re
from typing import get_args

import pytest

from shared.core.settings import EMULATOR_VARIABLES, LAPTOP_VARIABLES, Settings
from shared.runtime.catalogue import Manifest
from tests.terraform.places import DEV, ROOT

FILES = sorted((ROOT / "terraform").rglob("*.tf"))
FOLDERS = sorted({path.parent for path in FILES})
FREE_TEXT = {
    "description",
    "sources_bucket",
    "account_email",
    "build_account_email",
    "push_account_email",
    "push_endpoint",
    "uri",
}
FREE_TEXT |= {"packages", "public", "notification_channels", "settings"}


def blocks(folder, kind: str) -> dict[str, str]:
    text = "\n".join(path.read_text("utf-8") for path in folder.glob("*.tf"))
    return dict(re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', text, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_variable_is_typed_described_and_validated(folder):
    for name, body in blocks(folder, "variable").items():
        assert re.search(r"^  type +=", body, re.MULTILINE), name
        assert re.search(r"^  description += \"", body, re.MULTILINE), name
        assert "validation {" in body or name in FREE_TEXT, name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_output_is_described(folder):
    outputs = blocks(folder, "output")

    assert outputs
    assert [name for name, body in outputs.items() if "description" not in body] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_provider_is_pinned(folder):
    text = (folder / "versions.tf").read_text("utf-8")

    assert set(re.findall(r'^ +version = "(.*)"', text, re.MULTILINE)) == {"~> 7.40"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_name_is_random_and_no_event_trigger_hides_its_retries(path):
    # The gateway's key is no name, and nobody may guess it.
    text = path.read_text("utf-8").replace('"gateway_key" {\n  input = uuid()', "")

    assert re.findall(r"random_\w+|uuid\(|timestamp\(|event_trigger", text) == []


def test_a_functions_defaults_are_the_manifests():
    variables = blocks(ROOT / "terraform" / "modules" / "function", "variable")
    for field in ("memory", "cpu", "timeout_seconds", "concurrency", "min_instances", "max_instances"):
        written = re.search(r'^  default += "?([^"\n]+)"?$', variables[field], re.MULTILINE).group(1)
        assert written == str(Manifest.model_fields[field].default), field


def test_every_account_that_a_manifest_may_name_has_its_privileges():
    text = (DEV / "accounts.tf").read_text("utf-8")
    named = re.findall(r"^    (\w+) += {", text.split("privileges = {")[1].split("# Those")[0], re.MULTILINE)

    assert sorted(named) == sorted(get_args(Manifest.model_fields["account"].annotation))


def test_every_setting_is_terraforms_the_platforms_a_secret_or_the_laptops():
    text = (DEV / "settings.tf").read_text("utf-8") + blocks(DEV, "variable")["settings"].split("})")[0]
    written = set(re.findall(r"^ {4,}(\w+) +=", text, re.MULTILINE))
    elsewhere = {"k_service", "openai_api_key"} | {name.lower() for name in (*EMULATOR_VARIABLES, *LAPTOP_VARIABLES)}

    assert written == set(Settings.model_fields) - elsewhere
