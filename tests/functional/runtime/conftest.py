"""Every function of these tests knows alice, bob and root by their names, and writes its journal to memory."""

from collections.abc import Iterator
from io import StringIO

import pytest

from shared.core import log
from shared.core.settings import Settings
from shared.ports.identity import Accounts, Identity
from shared.ports.ledger import Receipts
from shared.ports.queue import Queue
from shared.runtime.wiring import bound
from tests.functional.runtime.samples import Journal
from tests.memory.accounts import MemoryAccounts
from tests.memory.identity import MemoryIdentity
from tests.memory.ledger import MemoryReceipts
from tests.memory.store import MemoryStore


@pytest.fixture
def identity() -> MemoryIdentity:
    return MemoryIdentity()


@pytest.fixture
def store() -> MemoryStore:
    """Where the callers' accounts are; none has one yet."""
    return MemoryStore()


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture(autouse=True)
def wired(identity: MemoryIdentity, store: MemoryStore, journal: Journal) -> Iterator[None]:
    ports = {
        Identity: identity,
        Accounts: MemoryAccounts(store),
        Queue: journal,
        Receipts: MemoryReceipts(),
        Settings: Settings(),
    }
    with bound(ports):
        yield


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """What the functions log while the test runs."""
    stream = StringIO()
    log.configure(stream)
    yield stream
    log.logger.handlers.clear()
