"""Alice has a bot that knows of whales, Bob has nothing; every store is in memory and recorded requests are files."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.core.clock import Clock
from shared.core.settings import Settings
from shared.domain.account import Account
from shared.domain.bot import AgentKind, BotVersion
from shared.ports.ceiling import Ceiling
from shared.ports.identity import Accounts, Directory, Identity
from shared.ports.ledger import Receipts
from shared.ports.log import Log
from shared.ports.meter import Meter
from shared.ports.models import ChatModels, Embedder, OwnModels, VectorIndex
from shared.ports.prompts import Personas, PromptRuns, Prompts
from shared.ports.rates import Rates
from shared.ports.store import Bots, Documents, Turns
from shared.ports.usage import Usage
from shared.ports.vault import ProviderKeys, Vault
from shared.runtime.models import Registry, registry
from shared.runtime.wiring import bound
from shared.services.ceiling import DailyCeiling
from tests.memory.accounts import MemoryAccounts
from tests.memory.chat_models import MemoryChatModels, ScriptedChatModel
from tests.memory.directory import MemoryDirectory, User
from tests.memory.identity import MemoryIdentity
from tests.memory.ledger import MemoryReceipts
from tests.memory.log import MemoryLog
from tests.memory.meter import MemoryMeter
from tests.memory.prompts import MemoryPersonas, MemoryPromptRuns, MemoryPrompts
from tests.memory.rates import MemoryRates
from tests.memory.store import MemoryBots, MemoryDocuments
from tests.memory.turns import MemoryCeiling, MemoryTurns, MemoryUsage
from tests.memory.vault import MemoryOwnModels, MemoryProviderKeys, MemoryVault
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
        self.store.bot_versions.update({(bot.id, 1): BotVersion.of(bot) for bot in self.store.bots.values()})
        self.vault = MemoryVault()
        self.own_models = MemoryOwnModels()
        self.model = ScriptedChatModel(["They eat krill ", "[[1|Blue whales eat krill]]", "."])

        self.identity = MemoryIdentity()
        self.directory = MemoryDirectory(self.identity, lambda: NOW)
        self.directory.known_to_providers["eyJhbGciOiJSUzI1NiJ9.grace.signature"] = ("grace@example.com", True)
        for uid in ("alice", "bob"):
            self.register(uid)

    def register(self, uid: str) -> None:
        """The person of the token that reads like the uid, as one who has registered."""
        email = f"{uid}@example.com"
        self.directory.users[email] = User(uid, email)
        self.store.accounts[uid] = Account(id=uid, username=uid, email=email, created_at=NOW)
        self.store.usernames[uid] = uid

    @contextmanager
    def running(self) -> Iterator["World"]:
        """Within the block every function works on this world."""
        store = self.store
        ports: dict[Any, Any] = {
            Identity: self.identity,
            Directory: self.directory,
            Accounts: MemoryAccounts(store),
            Rates: MemoryRates(store),
            Meter: MemoryMeter(store),
            Receipts: MemoryReceipts(store),
            Bots: MemoryBots(store),
            Log: MemoryLog(store, lambda: NOW),
            ProviderKeys: MemoryProviderKeys(store),
            Vault: self.vault,
            OwnModels: self.own_models,
            Documents: MemoryDocuments(store),
            Turns: MemoryTurns(store, lambda: NOW),
            Ceiling: MemoryCeiling(store),
            DailyCeiling: DailyCeiling(MemoryCeiling(store), SETTINGS.daily_token_ceiling, lambda: NOW),
            Usage: MemoryUsage(store),
            Personas: MemoryPersonas(store),
            Prompts: MemoryPrompts(store),
            PromptRuns: MemoryPromptRuns(store),
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
