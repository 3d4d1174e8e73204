"""The whole stack as one `with` block: emulators, then the gateway; all of it ends with the block or with this process."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local.emulators import Emulators
from local.ports import HOST, Ports, variable
from local.processes import Child, ProcessGroup, StackError
from local.routing import READY_PATH
from local.run_folder import RunFolder
from shared.core.settings import parse


@dataclass
class Stack:
    """The running servers and their addresses; `gateway_module` is run as the gateway, with the arguments behind it."""

    emulators: Emulators
    folder: RunFolder
    group: ProcessGroup
    region: str
    settings: Mapping[str, str] = field(default_factory=dict)
    gateway_module: tuple[str, ...] = ("local", "gateway")
    _children: list[Child] = field(default_factory=list)
    _gateway: Child | None = None

    @property
    def url(self) -> str:
        """The gateway's address."""
        return f"http://{HOST}:{self.emulators.ports.gateway}"

    @property
    def environment(self) -> dict[str, str]:
        """What a client or a gateway needs to find every server."""
        ports = {variable(name): str(port) for name, port in asdict(self.emulators.ports).items()}
        return {
            "KEY_FILE": str(self.folder.key_file(os.environ.get("KEY_FILE", ""))),
            **self.settings,
            **self.emulators.environment,
            **ports,
            "REGION": self.region,
            "LOCAL_FOLDER": str(self.folder.path),
        }

    def function_url(self, name: str) -> str:
        """Where a callable function is called, as the Firebase SDK composes it."""
        return f"{self.url}/{self.emulators.project}/{self.region}/{name}"

    def start_emulators(self) -> None:
        """Start the emulators; `wait_until_ready` tells when all of them answer."""
        self._children = self.emulators.start(self.group, self.folder.path)

    def launch_gateway(self) -> None:
        """Begin to start the gateway."""
        command = [sys.executable, "-m", *self.gateway_module]
        self._gateway = self.group.start("gateway", command, {**os.environ, **self.environment}, self.url + READY_PATH)

    def start_gateway(self) -> None:
        """Start the gateway, again if there was one; it takes up the token and the subscriptions of the one before."""
        self.launch_gateway()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return when everything started answers. Raises StackError that names what does not."""
        for child in (*self._children, *([self._gateway] if self._gateway else [])):
            child.wait_until_ready()

    def kill_gateway(self) -> None:
        """SIGKILL the gateway, as an instance is lost in the cloud."""
        if self._gateway:
            self._gateway.kill()

    def keep_alive(self) -> None:
        """Replace a gateway that ended. Raises StackError when an emulator ended, since its state is lost."""
        for child in self._children:
            if not child.is_running():
                raise StackError(f"The {child.name} emulator ended; its log is {child.log}.")
        if self._gateway and not self._gateway.is_running():
            self.start_gateway()


@contextmanager
def emulated(path: Path, ports: Ports | None = None, settings: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """A stack on the given or on free ports, its emulators still starting; `settings` are variables for the functions."""
    chosen = parse({**os.environ, **(settings or {})})
    if not chosen.google_cloud_project.startswith("demo-"):
        raise StackError("GOOGLE_CLOUD_PROJECT must begin with demo-, so that no emulator can mistake it for a real project.")
    emulators = Emulators(ports or Ports.free(), chosen.google_cloud_project, chosen.bucket)
    folder = RunFolder(path)
    with folder.held(), ProcessGroup(path / "logs") as group:
        stack = Stack(emulators, folder, group, chosen.region, settings or {})
        stack.start_emulators()
        yield stack


@contextmanager
def running(path: Path, ports: Ports | None = None, settings: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """A whole stack whose files lie in the folder."""
    with emulated(path, ports, settings) as stack:
        stack.launch_gateway()
        stack.wait_until_ready()
        stack.folder.publish({**stack.environment, "LOCAL_PID": str(os.getpid())})
        yield stack
