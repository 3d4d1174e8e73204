"""Which loopback ports the stack's servers take."""

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Self

from local.processes import StackError

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """One port a server."""

    gateway: int = 5001
    auth: int = 9099
    firestore: int = 8080
    pubsub: int = 8085
    storage: int = 9199

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """The defaults, each changed by a variable such as GATEWAY_PORT. Raises StackError naming a wrong one."""
        given = {name: environment[variable(name)] for name in asdict(cls()) if environment.get(variable(name))}
        for name, text in given.items():
            if not (text.isdecimal() and 0 < int(text) < 2**16):
                raise StackError(f"{variable(name)} is {text!r}; it must be a port number between 1 and 65535.")
        return cls(**{name: int(text) for name, text in given.items()})

    @classmethod
    def free(cls) -> Self:
        """Ports that nobody holds now: the kernel chooses, and all are held together so that no two are the same."""
        with ExitStack() as held:
            sockets = {name: held.enter_context(socket.socket()) for name in asdict(cls())}
            for one in sockets.values():
                one.bind((HOST, 0))
            return cls(**{name: one.getsockname()[1] for name, one in sockets.items()})

    def check(self) -> None:
        """Raises StackError that names a port which somebody else holds, and the variable that changes it."""
        for name, port in asdict(self).items():
            if is_taken(port):
                raise StackError(f"Port {port} ({name}) is in use. Stop what holds it, or set {variable(name)} to another port.")


def variable(name: str) -> str:
    """The environment variable that changes a server's port."""
    return f"{name.upper()}_PORT"


def is_taken(port: int) -> bool:
    """Whether a server listens on the port; a connection that is merely closing does not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False
