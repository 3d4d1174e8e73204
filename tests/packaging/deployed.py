"""A function as the cloud has it: unpacked from its zip, served by the stock command, with its own packages alone."""

import json
import os
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from local.package import ROOT, build
from tests.packaging.environments import environment_of

START_SECONDS = 60.0

# What Google's build runs; its image then dates every file IMAGE_TIME, 1980-01-01T00:00:01Z.
# https://github.com/GoogleCloudPlatform/buildpacks/blob/main/cmd/python/functions_framework/main.go
COMPILE = ("-m", "compileall", "-f", "-q", ".")
IMAGE_TIME = 315532801

# Builds each port that the function or its runtime asks for, as the first request would.
PROBE = """
import asyncio, json, sys
import main
from shared.ports.identity import Identity
from shared.ports.ledger import Receipts
from shared.runtime import wiring

async def build():
    entry = getattr(main, sys.argv[1])
    ports = list(entry.contract.ports.values())
    ports += [Identity] if entry.manifest.trigger.http else []
    ports += [Receipts] if entry.manifest.idempotent else []
    return [type(wiring.provide(port)).__name__ for port in ports]

print(json.dumps(asyncio.run(build())))
"""


@dataclass(frozen=True)
class Deployed:
    """One unpacked function and the environment of its requirement set."""

    name: str
    folder: Path
    venv: Path
    variables: dict[str, str]

    def python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run its Python in its folder."""
        command = [str(self.venv / "bin" / "python"), *arguments]
        environment = {**self.variables, **variables}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=90, check=False)

    def probe(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Import the function and build its ports' adapters."""
        return self.python("-c", PROBE, self.name, **variables)

    def redate(self, seconds: float) -> None:
        """Give every source another time, as the image does."""
        for path in self.folder.rglob("*.py"):
            os.utime(path, (seconds, seconds))

    @contextmanager
    def served(self) -> Iterator[httpx.Client]:
        """The stock command, until the block ends."""
        port = _free_port()
        command = [str(self.venv / "bin" / "functions-framework"), "--target", self.name, "--source", "main.py"]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        log = self.folder.parent / f"{self.name}.log"
        with log.open("w") as sink:
            process = subprocess.Popen(command, cwd=self.folder, env=self.variables, stdout=sink, stderr=sink)
        try:
            _await(process, port, log)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                yield client
        finally:
            _end(process)


def unpack(name: str, needs: str, folder: Path, root: Path = ROOT) -> Deployed:
    """Build the zip and lay it out as the cloud does."""
    source = folder / "source"
    with zipfile.ZipFile(build(name, needs, folder, root)) as archive:
        archive.extractall(source)
    return Deployed(name, source, environment_of(needs), _variables(folder))


def _variables(folder: Path) -> dict[str, str]:
    """The whole environment: every store is a loopback port that nobody listens on, so clients can be built and no more."""
    credentials = folder / "credentials.json"
    keys = {"type": "authorized_user", "client_id": "none", "client_secret": "none", "refresh_token": "none"}
    credentials.write_text(json.dumps(keys), "utf-8")
    nowhere = "127.0.0.1:9"
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "GOOGLE_CLOUD_PROJECT": "demo-synapse",
        "BUCKET": "demo-synapse-files",
        "CHAT_MODEL": "gemini-3.5-flash",
        "EMBEDDER": "gemini-embedding-001",
        "KMS_KEY": "projects/demo-synapse/locations/us-central1/keyRings/synapse/cryptoKeys/provider-keys",
        "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
        "NO_GCE_CHECK": "true",
        "FIRESTORE_EMULATOR_HOST": nowhere,
        "FIREBASE_AUTH_EMULATOR_HOST": nowhere,
        "PUBSUB_EMULATOR_HOST": nowhere,
        "STORAGE_EMULATOR_HOST": f"http://{nowhere}",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text("utf-8")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"not up after {START_SECONDS} s: {log.read_text('utf-8')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
