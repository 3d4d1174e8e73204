"""A chat in memory whose model, store and clock a test holds in its hands."""

import asyncio
from datetime import UTC, datetime

from shared.agent.retrieval import Knowledge
from shared.core.settings import Settings
from shared.domain.bot import AgentKind
from shared.domain.conversation import Conversation, Turn
from shared.domain.plan import Reservation
from shared.ports.store import Versioned
from shared.services.chats import Chats
from shared.services.scenes import Wanted
from shared.services.turns import LiveTurn
from tests.memory.chat_models import MemoryChatModels, ScriptedChatModel
from tests.memory.store import MemoryBots, MemoryStore, MemoryTurns
from tests.unit.agent.library import Library, a_bot

NOW = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
ASKED = Wanted(caller_id="alice", message="what do blue whales eat", bot_id="bot")


class HeldTurns(MemoryTurns):
    """Turns whose calls wait for the test, or fail as it says; `running` and `most` count checkpoints in flight."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store, lambda: NOW)
        self.gates: dict[str, asyncio.Event] = {}
        self.errors: dict[str, Exception] = {}
        self.reached: dict[str, asyncio.Event] = {name: asyncio.Event() for name in ("reserve", "checkpoint", "settle")}
        self.saved = asyncio.Event()
        self.settled = asyncio.Event()
        self.running = self.most = 0

    async def _pass(self, name: str) -> None:
        self.reached[name].set()
        if name in self.gates:
            await self.gates[name].wait()
        if name in self.errors:
            raise self.errors[name]

    async def reserve(self, turn, reservation, limits):
        await self._pass("reserve")
        return await super().reserve(turn, reservation, limits)

    async def checkpoint(self, conversation_id, turn_id, answer, lease_until):
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self._pass("checkpoint")
            await super().checkpoint(conversation_id, turn_id, answer, lease_until)
            if answer:
                self.saved.set()
        finally:
            self.running -= 1

    async def settle(self, turn: Turn, read: Versioned[Conversation], reservation: Reservation, used_tokens: int) -> None:
        await self._pass("settle")
        await super().settle(turn, read, reservation, used_tokens)
        self.settled.set()


class Chatting:
    """Alice's bot, which knows of whales, or which only chats."""

    def __init__(
        self,
        model: ScriptedChatModel | None = None,
        *,
        kind: AgentKind = AgentKind.CHAT,
        checkpoint: float = 0,
        retention: int = 0,
    ) -> None:
        self.model = model or ScriptedChatModel(["They eat krill."])
        self.library = Library()
        self.store = self.library.store
        self.library.learn("whales", "Blue whales eat krill, up to four tonnes a day.")
        self.store.bots["bot"] = a_bot(agent_kind=kind, model=self.model.spec.name)
        self.turns = HeldTurns(self.store)
        settings = Settings(chat_model=self.model.spec.name, stream_checkpoint_seconds=checkpoint, turn_retention_days=retention)
        self.chats = Chats(self.turns, MemoryBots(self.store), MemoryChatModels(self.model), lambda: NOW, settings)

    @property
    def knowledge(self) -> Knowledge:
        return self.library.knowledge

    @property
    def stored(self) -> Turn:
        """The only turn."""
        [turn] = self.store.turns.values()
        return turn

    @property
    def tokens(self) -> int:
        """What the month has counted."""
        return self.store.flow["alice", "tokens 2026-11"]

    async def tell(self, turn: LiveTurn) -> str:
        """The whole answer, as `chat` would stream it."""
        async with turn:
            async for _ in turn.answer.events(self.knowledge):
                pass
        return turn.answer.text

    async def ask(self, wanted: Wanted = ASKED) -> LiveTurn:
        """A turn that has ended well."""
        turn = await self.chats.begin(wanted)
        await self.tell(turn)
        return turn
