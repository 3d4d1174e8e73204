"""The real Firestore, Auth and Pub/Sub emulators and a Cloud Storage server that announces uploads, on loopback ports."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from local import toolchain
from local.ports import HOST, Ports
from local.processes import ROOT, Child, ProcessGroup

PROJECT = "demo-synapse"
BUCKET = "demo-synapse-files"
UPLOAD_TOPIC = "on-upload"
UPLOAD_PREFIX = "uploads/"
_RULES = ROOT / "firestore.rules"
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
        """Start all four in the group; wait for each before using it. Raises StackError that says what is wrong."""
        self.ports.check()
        # The slowest first, so that the others start in its shadow.
        auth = self._start_auth(group)
        pubsub = self._start_pubsub(group, folder)
        firestore = self._start_firestore(group)
        return [auth, pubsub, firestore, self._start_storage(group, pubsub)]

    def _start_auth(self, group: ProcessGroup) -> Child:
        command = [*toolchain.auth_command(), HOST, str(self.ports.auth), self.project]
        return group.start("auth", command, toolchain.environment(), f"http://{HOST}:{self.ports.auth}/")

    def _start_pubsub(self, group: ProcessGroup, folder: Path) -> Child:
        flags = (f"--host={HOST}", f"--port={self.ports.pubsub}", f"--data-dir={folder / 'pubsub'}")
        command = [*toolchain.pubsub_command(), *flags]
        return group.start("pubsub", command, toolchain.environment(), f"http://{HOST}:{self.ports.pubsub}/")

    def _start_firestore(self, group: ProcessGroup) -> Child:
        rules = [f"--rules={_RULES}"] if _RULES.exists() else []
        command = [*toolchain.firestore_command(), f"--host={HOST}", f"--port={self.ports.firestore}", *rules]
        return group.start("firestore", command, toolchain.environment(), f"http://{HOST}:{self.ports.firestore}/")

    def _start_storage(self, group: ProcessGroup, pubsub: Child) -> Child:
        # The server connects to its topic as it starts, so the topic comes first.
        pubsub.wait_until_ready()
        _send("PUT", f"http://{HOST}:{self.ports.pubsub}/v1/projects/{self.project}/topics/{UPLOAD_TOPIC}", {})
        command = [str(toolchain.storage_binary()), *self._storage_flags()]
        child = group.start("storage", command, toolchain.environment(**self.environment), f"{self.storage_url}/storage/v1/b")
        child.wait_until_ready()
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
