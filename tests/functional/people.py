"""Alice has a bot that knows of whales, Bob has nothing; every store is in memory and recorded requests are files."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.core.clock import Clock
from shared.core.settings import Settings
from shared.domain.bot import AgentKind
from shared.ports.identity import Accounts, Identity
from shared.ports.ledger import Receipts
from shared.ports.models import ChatModels, Embedder, VectorIndex
from shared.ports.store import Bots, Documents, Turns
from shared.runtime.models import Registry, registry
from shared.runtime.wiring import bound
from tests.memory.chat_models import MemoryChatModels, ScriptedChatModel
from tests.memory.identity import MemoryIdentity
from tests.memory.ledger import MemoryReceipts
from tests.memory.store import MemoryAccounts, MemoryBots, MemoryDocuments, MemoryTurns
from tests.unit.agent.library import Library, a_bot

NOW = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
SETTINGS = Settings(chat_model="scripted", stream_checkpoint_seconds=0)


class World:
    """What the functions under test find behind their ports."""

    def __init__(self) -> None:
        self.library = Library()
        self.store = self.library.store
        self.library.learn("whales", "Blue whales eat krill, up to four tonnes a day.", "Whales breathe air.")
        self.store.bots["bot"] = a_bot(agent_kind=AgentKind.RAG)
        self.store.bots["talker"] = a_bot("talker", agent_kind=AgentKind.CHAT)
        self.model = ScriptedChatModel(["They eat krill ", "[[1|Blue whales eat krill]]", "."])

    @contextmanager
    def running(self) -> Iterator["World"]:
        """Within the block every function works on this world."""
        store = self.store
        ports: dict[Any, Any] = {
            Identity: MemoryIdentity(),
            Accounts: MemoryAccounts(store),
            Receipts: MemoryReceipts(store),
            Bots: MemoryBots(store),
            Documents: MemoryDocuments(store),
            Turns: MemoryTurns(store, lambda: NOW),
            Embedder: self.library.embedder,
            VectorIndex: self.library.index,
            ChatModels: MemoryChatModels(self.model),
            Registry: registry(),
            Clock: lambda: NOW,
            Settings: SETTINGS,
        }
        with bound(ports):
            yield self


def recorded(test_file: str, payload: str, /, **changes: Any) -> Any:
    """The recorded payload beside the test, with changes."""
    return json.loads((Path(test_file).parent / "payloads" / f"{payload}.json").read_text("utf-8")) | changes
