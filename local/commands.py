"""What `python -m local` does: start in the background, stop, show, run in the foreground, run the gateway alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import monotonic, sleep

from local import stack
from local.accounts import sign_in
from local.ports import HOST, Ports
from local.processes import ROOT, StackError
from local.run_folder import RunFolder
from shared.adapters.local_vault import add_key

_START_SECONDS = 300.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.1
_DEMO_EMAIL = "demo@synapse.example"
_DEMO_PASSWORD = "demo-password"  # noqa: S105 - a user of the emulator, printed for everyone


def up() -> None:
    """Start the stack in the background, and return when it is ready, with its addresses printed."""
    folder = RunFolder.of(os.environ)
    if folder.holder():
        raise StackError("The stack is already running. `make down` stops it, `make status` shows it.")
    Ports.of(os.environ).check()
    folder.path.mkdir(parents=True, exist_ok=True)
    log = folder.path / "stack.log"
    print("Starting the emulators and the gateway; this takes 15 to 45 seconds.", flush=True)
    with log.open("wb") as output:
        command = [sys.executable, "-m", "local", "serve"]
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    _wait_for_start(process, folder, log)
    status()


def serve() -> None:
    """Run the stack in the foreground until SIGINT or SIGTERM."""
    stopped = Event()
    signal.signal(signal.SIGTERM, _leave)
    folder = RunFolder.of(os.environ)
    with stack.running(folder.path, Ports.of(os.environ)) as running:
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        signal.signal(signal.SIGINT, lambda *_: stopped.set())
        while not stopped.wait(1.0):
            running.keep_alive()


def down() -> None:
    """Stop the running stack; says so when there is none."""
    folder = RunFolder.of(os.environ)
    if (holder := folder.holder()) is None:
        print("The stack is not running.")
        return
    os.kill(holder, signal.SIGTERM)
    if not _becomes_true(lambda: folder.holder() is None, _STOP_SECONDS):
        # Its servers are killed with it, by their watchdog.
        os.kill(holder, signal.SIGKILL)
    print("The stack is stopped.")


def status() -> None:
    """Print the addresses, a signed-in user and a command to try. Raises StackError when no stack is ready."""
    folder = RunFolder.of(os.environ)
    environment = folder.environment()
    if folder.holder() is None or not environment:
        raise StackError("The stack is not running. `make up` starts it.")
    user = sign_in(environment["FIREBASE_AUTH_EMULATOR_HOST"], _DEMO_EMAIL, _DEMO_PASSWORD)
    gateway = f"http://{HOST}:{environment['GATEWAY_PORT']}"
    print(f"""
The stack is running (project {environment["GOOGLE_CLOUD_PROJECT"]}, bucket {environment["BUCKET"]}).
  REST       {gateway}/api/v1/
  callable   {gateway}/{environment["GOOGLE_CLOUD_PROJECT"]}/{environment["REGION"]}/<function>
  Auth       http://{environment["FIREBASE_AUTH_EMULATOR_HOST"]}
  Firestore  http://{environment["FIRESTORE_EMULATOR_HOST"]}
  Pub/Sub    http://{environment["PUBSUB_EMULATOR_HOST"]}
  Storage    {environment["STORAGE_EMULATOR_HOST"]}
  logs       {folder.path / "logs"}

A signed-in user: {user.email}, password {user.password}
The token is good for an hour; `make status` prints a new one.
  export API={gateway}/api/v1
  export TOKEN={user.id_token}
  curl -H "Authorization: Bearer $TOKEN" $API/chat/personas

`make down` stops it; what it has stored goes with it.""")


def rotate_key() -> None:
    """Seal people's provider keys under a new key; what the older ones sealed still opens, and is sealed anew when it is used."""
    path = RunFolder.of(os.environ).key_file(os.environ.get("KEY_FILE", ""))
    print(f"{path} has the new key {add_key(path)}.")


def gateway() -> None:
    """Run the gateway alone, against the emulators of the environment or else of the running stack."""
    folder = RunFolder.of(os.environ)
    if not os.environ.get("FIRESTORE_EMULATOR_HOST"):
        os.environ.update(folder.environment())
    if not os.environ.get("FIRESTORE_EMULATOR_HOST"):
        raise StackError("No emulators: FIRESTORE_EMULATOR_HOST is not set, and no stack is running. `make up` starts one.")
    _serve_gateway(folder.path)


def _serve_gateway(folder: Path) -> None:
    # Imported here, since this loads every function and its SDKs, which no other command needs.
    from local import gateway as server  # noqa: PLC0415
    from shared.core.settings import settings  # noqa: PLC0415

    options = server.GatewayOptions(
        port=Ports.of(os.environ).gateway,
        project=settings().google_cloud_project,
        region=settings().region,
        token=RunFolder(folder).token(),
        folder=folder,
        schedule_seconds=_schedule_seconds(os.environ.get("LOCAL_SCHEDULE_SECONDS", "")),
    )
    server.serve(options)


def _schedule_seconds(text: str) -> float | None:
    try:
        seconds = float(text or "inf")
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise StackError(f"LOCAL_SCHEDULE_SECONDS is {text!r}; it must be a number of seconds above 0, or empty.")
    return seconds if text else None


def _wait_for_start(process: subprocess.Popen[bytes], folder: RunFolder, log: Path) -> None:
    try:
        ready = _becomes_true(lambda: _is_ready(folder, process) or process.poll() is not None, _START_SECONDS)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    if process.poll() is not None:
        raise StackError(log.read_text("utf-8", "replace").strip() or f"The stack ended with code {process.returncode}.")
    if not ready:
        process.terminate()
        raise StackError(f"The stack was not ready after {_START_SECONDS:.0f} s; its logs are in {folder.path / 'logs'}.")


def _is_ready(folder: RunFolder, process: subprocess.Popen[bytes]) -> bool:
    return folder.environment().get("LOCAL_PID") == str(process.pid)


def _becomes_true(holds: Callable[[], bool], timeout_seconds: float) -> bool:
    deadline = monotonic() + timeout_seconds
    while not holds():
        if monotonic() > deadline:
            return False
        sleep(_POLL_SECONDS)
    return True


def _leave(*_: object) -> None:
    raise SystemExit(0)
