"""The example environment is complete and works as it stands."""

from dataclasses import asdict
from itertools import pairwise

from local.ports import Ports, variable
from local.processes import ROOT
from shared.core.settings import Settings, parse

_LINES = (ROOT / ".env.example").read_text("utf-8").splitlines()
_EXAMPLE = dict(line.split("=", 1) for line in _LINES if line and not line.startswith("#"))


def test_it_names_every_setting_and_every_port():
    expected = {name.upper() for name in Settings.model_fields} | {variable(name) for name in asdict(Ports())}
    assert expected | {"LOCAL_FOLDER", "LOCAL_SCHEDULE_SECONDS"} == set(_EXAMPLE)


def test_it_names_each_once_since_the_last_would_win():
    assert len(_EXAMPLE) == len([line for line in _LINES if line and not line.startswith("#")])


def test_its_values_are_the_defaults():
    assert parse(_EXAMPLE) == Settings()
    assert Ports.of(_EXAMPLE) == Ports()


def test_a_sentence_stands_before_every_variable():
    unexplained = [line for before, line in pairwise(_LINES) if line and "#" not in before + line]
    assert set(unexplained) <= {line for line in _LINES if line.split("=")[0].endswith(("_PORT", "_EMULATOR_HOST"))}
