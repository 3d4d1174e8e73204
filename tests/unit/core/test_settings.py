"""Settings are parsed from a mapping, so no test touches the process's environment."""

from pathlib import Path

import pytest

from shared.core.errors import InternalError
from shared.core.settings import EMULATOR_VARIABLES, LAPTOP_VARIABLES, Settings, parse

ENV_EXAMPLE = Path(__file__).resolve().parents[3] / ".env.example"


def test_an_empty_environment_gives_the_defaults():
    assert parse({}) == Settings()


def test_an_empty_value_counts_as_unset():
    assert parse({"CHAT_MODEL": ""}).chat_model == Settings().chat_model


def test_a_wrong_value_is_named_by_its_variable():
    with pytest.raises(InternalError, match="STEP_LEASE_SECONDS"):
        parse({"STEP_LEASE_SECONDS": "soon"})


def test_every_emulator_variable_is_seen():
    assert parse(dict.fromkeys(EMULATOR_VARIABLES, "127.0.0.1:1")).emulators() == list(EMULATOR_VARIABLES)


def test_what_is_for_a_laptop_alone_is_seen_emulators_included():
    assert parse({"PUBSUB_EMULATOR_HOST": "127.0.0.1:1"}).laptop_only() == ["PUBSUB_EMULATOR_HOST"]
    assert parse({"KEY_FILE": "keys.json", "ALLOW_PRIVATE_PROVIDERS": "true"}).laptop_only() == list(LAPTOP_VARIABLES)
    assert parse({"ALLOW_PRIVATE_PROVIDERS": "false"}).laptop_only() == []


def test_a_process_with_a_service_name_is_in_the_cloud():
    assert parse({"K_SERVICE": "chat"}).in_cloud()
    assert not parse({}).in_cloud()


def test_settings_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Settings().chat_model = "other"
