"""`make up` and `make down` as a person at a terminal meets them."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import pytest

from local.ports import Ports, is_taken, variable
from local.processes import ROOT
from local.run_folder import RunFolder

_EMULATOR_VARIABLES = {"FIRESTORE_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "STORAGE_EMULATOR_HOST"}

pytestmark = pytest.mark.timeout(400)


@dataclass
class Terminal:
    """A shell whose stack has a folder and ports of its own."""

    folder: Path
    ports: Ports

    def run(self, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        ports = {variable(name): str(port) for name, port in asdict(self.ports).items()}
        kept = {name: value for name, value in os.environ.items() if name not in _EMULATOR_VARIABLES}
        environment = {**kept, **ports, "LOCAL_FOLDER": str(self.folder), **variables}
        arguments = [sys.executable, "-m", "local", command]
        return subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)

    def taken_ports(self) -> list[str]:
        return [name for name, port in asdict(self.ports).items() if is_taken(port)]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path, Ports.free())
    yield opened
    opened.run("down")


def _wait_until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert condition()


def _gateway_answers(terminal: Terminal) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{terminal.ports.gateway}/api/v1/health").is_success
    except httpx.TransportError:
        return False


def _gateway_process(terminal: Terminal) -> int:
    holder = RunFolder(terminal.folder).holder()
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(holder)], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0]) for line in listed.splitlines() if line.endswith("local gateway"))


def test_the_stack_comes_up_survives_its_gateway_and_takes_its_servers_along_when_killed(terminal):
    started = terminal.run("up")
    assert started.returncode == 0, started.stdout + started.stderr
    token = re.search(r"export TOKEN=(\S+)", started.stdout).group(1)
    url = re.search(r"export API=(\S+)", started.stdout).group(1) + re.search(r"curl .* \$API(\S+)", started.stdout).group(1)
    assert len(httpx.get(url, headers={"Authorization": f"Bearer {token}"}).json()["items"]) >= 8

    second = terminal.run("up")
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == "The stack is already running. `make down` stops it, `make status` shows it.\n"

    push_token = RunFolder(terminal.folder).token()
    os.kill(_gateway_process(terminal), signal.SIGKILL)
    _wait_until(lambda: not _gateway_answers(terminal), 5)
    _wait_until(lambda: _gateway_answers(terminal))
    assert RunFolder(terminal.folder).token() == push_token

    os.kill(RunFolder(terminal.folder).holder(), signal.SIGKILL)
    _wait_until(lambda: terminal.taken_ports() == [])
    assert terminal.run("status").returncode == 1


def test_a_stack_comes_up_where_another_was_killed_and_goes_down_without_a_trace(terminal):
    RunFolder(terminal.folder).publish({"LOCAL_PID": "1"})
    (terminal.folder / "holder").write_text("1", "utf-8")
    assert terminal.run("up").returncode == 0
    stopped = terminal.run("down")
    assert (stopped.returncode, stopped.stdout) == (0, "The stack is stopped.\n")
    assert terminal.taken_ports() == []


def test_a_busy_port_is_one_sentence_and_nothing_is_left_running(terminal):
    with socket.create_server(("127.0.0.1", terminal.ports.storage)):
        refused = terminal.run("up")
    sentence = (
        rf"Port {terminal.ports.storage} \(storage\) is in use\. Stop what holds it, or set STORAGE_PORT to another port\.\n"
    )
    assert refused.returncode == 1
    assert re.fullmatch(sentence, refused.stderr)
    assert terminal.taken_ports() == []


def test_a_missing_tool_is_one_sentence_and_nothing_is_left_running(terminal, tmp_path):
    refused = terminal.run("up", PATH=str(tmp_path))
    assert refused.returncode == 1
    assert refused.stderr == "Node.js is not on PATH; the Auth emulator needs version 20 or newer.\n"
    assert terminal.taken_ports() == []


def test_a_project_that_could_be_real_is_refused(terminal):
    refused = terminal.run("up", GOOGLE_CLOUD_PROJECT="production")
    assert refused.returncode == 1
    assert "must begin with demo-" in refused.stderr


@pytest.mark.parametrize(
    ("command", "code", "said"), [("down", 0, "not running"), ("status", 1, "not running"), ("gateway", 1, "No emulators")]
)
def test_without_a_stack_each_command_says_so(terminal, command, code, said):
    ended = terminal.run(command)
    assert ended.returncode == code
    assert said in ended.stdout + ended.stderr
