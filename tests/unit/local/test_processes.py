"""Servers end with their parent, and what goes wrong is said."""

import os
import signal
import subprocess
import sys
import time

import pytest

from local.processes import ROOT, ProcessGroup, StackError

_NOWHERE = "http://127.0.0.1:1/"
# A parent whose server starts a grandchild that ignores polite signals, as a JVM behind a script may.
_PARENT = """
import os, pathlib, sys, time
from local.processes import ProcessGroup
group = ProcessGroup(pathlib.Path(sys.argv[1]))
script = "trap '' TERM HUP; (trap '' TERM HUP; sleep 60) & echo $! > $0; wait"
child = group.start("server", ["/bin/sh", "-c", script, sys.argv[1] + "/grandchild"], os.environ, "")
while not pathlib.Path(sys.argv[1], "grandchild").exists() or not pathlib.Path(sys.argv[1], "grandchild").read_text().strip():
    time.sleep(0.01)
print(child.process.pid, flush=True)
time.sleep(60)
"""


def _is_alive(process: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False).stdout.strip()
    return bool(state) and not state.startswith("Z")  # A zombie has ended; only its new parent has not asked for its code.


def _becomes_false(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not condition()


def test_a_killed_parent_takes_its_servers_and_their_children_along(tmp_path):
    with subprocess.Popen([sys.executable, "-c", _PARENT, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        server = int(parent.stdout.readline())
        grandchild = int((tmp_path / "grandchild").read_text("utf-8"))
        assert _is_alive(server)
        assert _is_alive(grandchild)
        os.kill(parent.pid, signal.SIGKILL)
    assert _becomes_false(lambda: _is_alive(server) or _is_alive(grandchild))


def test_leaving_the_block_ends_a_server_that_ignores_the_polite_signal(tmp_path, monkeypatch):
    monkeypatch.setattr("local.processes._GRACE_SECONDS", 0.2)
    with ProcessGroup(tmp_path) as group:
        child = group.start("stubborn", ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], os.environ, _NOWHERE)
        assert child.is_running()
    assert not child.is_running()


def test_stopping_twice_is_harmless(tmp_path):
    with ProcessGroup(tmp_path) as group:
        child = group.start("server", ["sleep", "60"], os.environ, _NOWHERE)
        group.stop()
    assert not child.is_running()


def test_a_server_that_ends_while_starting_is_reported_with_its_last_words(tmp_path):
    with ProcessGroup(tmp_path) as group:
        child = group.start("server", ["/bin/sh", "-c", "echo the reason; exit 3"], os.environ, _NOWHERE)
        with pytest.raises(StackError, match=r"(?s)server stopped while starting.*the reason"):
            child.wait_until_ready(10)


def test_a_server_that_is_never_ready_is_given_up(tmp_path):
    with ProcessGroup(tmp_path) as group:
        child = group.start("server", ["sleep", "60"], os.environ, _NOWHERE)
        with pytest.raises(StackError, match="not ready after 0 s"):
            child.wait_until_ready(0.1)


def test_logs_of_an_earlier_run_are_gone(tmp_path):
    (tmp_path / "server.log").write_text("old", "utf-8")
    with ProcessGroup(tmp_path) as group:
        child = group.start("server", ["/bin/sh", "-c", "echo new"], os.environ, _NOWHERE)
        child.process.wait()
    assert child.log.read_text("utf-8") == "new\n"
