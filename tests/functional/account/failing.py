"""Worlds where one step of the room's ports fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.core.errors import UnavailableError
from shared.ports.identity import Accounts, Directory, Identity
from shared.ports.meter import Meter
from shared.runtime.wiring import bound
from tests.functional.people import World
from tests.memory.accounts import MemoryAccounts
from tests.memory.interposed import Interposed, Raises
from tests.memory.meter import MemoryMeter


@contextmanager
def failing(world: World, *moments: str, error: Exception | None = None) -> Iterator[Raises]:
    """Within the block each of the moments raises once; what comes back has seen every moment."""
    hook = Raises({moment: [error or UnavailableError("It does not answer.")] for moment in moments})
    ports: dict[Any, Any] = {
        Accounts: MemoryAccounts(world.store),
        Directory: world.directory,
        Identity: world.identity,
        Meter: MemoryMeter(world.store),
    }
    with bound({port: Interposed(real, hook) for port, real in ports.items()}):
        yield hook
