"""The real Firestore, Auth and Pub/Sub emulators and a Cloud Storage server that announces uploads, on loopback ports."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from local import toolchain
from local.ports import HOST, Ports
from local.processes import Child, ProcessGroup, answers

PROJECT = "demo-synapse"
BUCKET = "demo-synapse-files"
UPLOAD_TOPIC = "on-upload"
UPLOAD_PREFIX = "uploads/"
READY_SECONDS = 120.0
_RULES = toolchain.ROOT / "firestore.rules"
# What a browser may send with a resumable upload, beyond what the server allows by itself.
_UPLOAD_HEADERS = "Authorization,Content-Range,Content-Type,X-Goog-Content-Length-Range,X-Goog-Resumable,X-Upload-Content-Type"


@dataclass(frozen=True)
class Emulators:
    """Where the running emulators are; `environment` is what a function's process needs to use them."""

    ports: Ports
    project: str = PROJECT
    bucket: str = BUCKET

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the SDKs and the settings read."""
        return {
            "FIRESTORE_EMULATOR_HOST": f"{HOST}:{self.ports.firestore}",
            "FIREBASE_AUTH_EMULATOR_HOST": f"{HOST}:{self.ports.auth}",
            "PUBSUB_EMULATOR_HOST": f"{HOST}:{self.ports.pubsub}",
            "STORAGE_EMULATOR_HOST": self.storage_url,
            "GOOGLE_CLOUD_PROJECT": self.project,
            "BUCKET": self.bucket,
        }

    @property
    def storage_url(self) -> str:
        """The Cloud Storage server's address."""
        return f"http://{HOST}:{self.ports.storage}"

    def start(self, group: ProcessGroup, folder: Path) -> list[Child]:
        """Start all four in the group and return when each answers. Raises StackError that says what is wrong."""
        self.ports.check()
        children = [self._start_pubsub(group, folder), self._start_firestore(group), self._start_auth(group, folder)]
        probes = (f"http://{HOST}:{port}/" for port in (self.ports.pubsub, self.ports.firestore, self.ports.auth))
        for child, url in zip(children, probes, strict=True):
            child.wait_until(lambda url=url: answers(url), timeout_seconds=READY_SECONDS)  # type: ignore[misc] # bound per turn
        return [*children, self._start_storage(group)]

    def _start_firestore(self, group: ProcessGroup) -> Child:
        rules = [f"--rules={_RULES}"] if _RULES.exists() else []
        command = [*toolchain.firestore_command(), f"--host={HOST}", f"--port={self.ports.firestore}", *rules]
        return group.start("firestore", command, toolchain.environment())

    def _start_pubsub(self, group: ProcessGroup, folder: Path) -> Child:
        state = folder / "pubsub"
        command = [*toolchain.pubsub_command(), f"--host={HOST}", f"--port={self.ports.pubsub}", f"--data-dir={state}"]
        return group.start("pubsub", command, toolchain.environment())

    def _start_auth(self, group: ProcessGroup, folder: Path) -> Child:
        # firebase-tools writes its debug log into the folder it is started in, and reads ports from a file only.
        home = folder / "auth"
        home.mkdir(parents=True, exist_ok=True)
        servers = {name: {"host": HOST, "port": getattr(self.ports, name)} for name in ("auth", "hub", "logging")}
        configuration = {"emulators": {**servers, "ui": {"enabled": False}, "singleProjectMode": False}}
        (home / "firebase.json").write_text(json.dumps(configuration), "utf-8")
        command = [str(toolchain.firebase()), "emulators:start", "--only", "auth", "--project", self.project, "--non-interactive"]
        return group.start("auth", command, toolchain.environment(), folder=home)

    def _start_storage(self, group: ProcessGroup) -> Child:
        # The server connects to its topic as it starts, so the topic comes first.
        _send("PUT", f"http://{HOST}:{self.ports.pubsub}/v1/projects/{self.project}/topics/{UPLOAD_TOPIC}", {})
        child = group.start(
            "storage", [toolchain.storage_binary(), *self._storage_flags()], toolchain.environment(**self.environment)
        )
        child.wait_until(lambda: answers(f"{self.storage_url}/storage/v1/b"), timeout_seconds=READY_SECONDS)
        _send("POST", f"{self.storage_url}/storage/v1/b?project={self.project}", {"name": self.bucket})
        return child

    def _storage_flags(self) -> Iterator[str]:
        flags = {
            "scheme": "http",
            "backend": "memory",
            "host": HOST,
            "port": str(self.ports.storage),
            "external-url": self.storage_url,
            "public-host": f"{HOST}:{self.ports.storage}",
            "cors-headers": _UPLOAD_HEADERS,
            "event.pubsub-project-id": self.project,
            "event.pubsub-topic": UPLOAD_TOPIC,
            "event.bucket": self.bucket,
            "event.object-prefix": UPLOAD_PREFIX,
            "event.list": "finalize",
        }
        return (part for name, value in flags.items() for part in (f"-{name}", value))


def _send(method: str, url: str, body: Mapping[str, str]) -> None:
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method)  # noqa: S310 - loopback
    with urlopen(request, timeout=30) as reply:  # noqa: S310 - the request above
        reply.read()
