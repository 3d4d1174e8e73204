"""One stack a folder; what a restarted gateway needs outlives the gateway, not the run."""

import json
import os
import stat

import pytest

from local import commands
from local.processes import StackError
from local.run_folder import RunFolder


def test_a_second_holder_is_refused(tmp_path):
    with RunFolder(tmp_path).held(), pytest.raises(StackError, match="already running"), RunFolder(tmp_path).held():
        pass


def test_the_holder_is_known_while_it_holds_and_not_after(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.holder() is None
    with folder.held():
        assert RunFolder(tmp_path).holder() == os.getpid()
    assert folder.holder() is None


def test_the_token_stays_within_a_run_and_changes_between_runs(tmp_path):
    folder = RunFolder(tmp_path)
    with folder.held():
        first = folder.token()
        assert RunFolder(tmp_path).token() == first
    with folder.held():
        assert folder.token() != first


def test_the_token_is_the_owners_alone_to_read(tmp_path):
    RunFolder(tmp_path).token()
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_addresses_are_known_once_published_and_forgotten_with_the_run(tmp_path):
    folder = RunFolder(tmp_path)
    with folder.held():
        assert folder.environment() == {}
        folder.publish({"GATEWAY_PORT": "1"})
        assert folder.environment() == {"GATEWAY_PORT": "1"}
    assert folder.environment() == {}


def test_the_folder_is_the_projects_unless_a_variable_names_another(tmp_path):
    assert RunFolder.of({}).path.name == ".local"
    assert RunFolder.of({"LOCAL_FOLDER": str(tmp_path)}).path == tmp_path


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path):
    first = RunFolder(tmp_path / "run").key_file()
    written = first.read_bytes()

    again = RunFolder(tmp_path / "run").key_file()

    assert (again, again.read_bytes(), again.stat().st_mode & 0o777) == (first, written, 0o600)
    assert again.is_absolute()


def test_a_rotation_puts_a_new_key_in_front_of_the_others(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("KEY_FILE", raising=False)
    monkeypatch.setenv("LOCAL_FOLDER", str(tmp_path))
    before = json.loads(RunFolder(tmp_path).key_file().read_bytes())["keys"]

    commands.rotate_key()

    after = json.loads((tmp_path / "keys.json").read_bytes())["keys"]
    assert after[1:] == before
    assert after[0]["id"] in capsys.readouterr().out
