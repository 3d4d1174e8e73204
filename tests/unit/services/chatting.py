"""A chat in memory whose model, store and clock a test holds in its hands."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from shared.agent.retrieval import Knowledge
from shared.core.errors import UnavailableError
from shared.core.settings import Settings
from shared.domain.bot import AgentKind
from shared.domain.conversation import Turn
from shared.services.ceiling import DailyCeiling
from shared.services.chats import Chats
from shared.services.scenes import Scenes, Wanted
from shared.services.telling import Telling
from shared.services.turns import LiveTurn
from tests.memory.accounts import MemoryAccounts
from tests.memory.chat_models import MemoryChatModels, ScriptedChatModel
from tests.memory.prompts import MemoryPersonas
from tests.memory.store import MemoryBots, MemoryStore
from tests.memory.turns import MemoryCeiling, MemoryTurns
from tests.memory.vault import MemoryOwnModels
from tests.unit.agent.library import Library, a_bot

NOW = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
ASKED = Wanted(caller_id="alice", message="what do blue whales eat", bot_id="bot")


class HeldTurns(MemoryTurns):
    """Turns whose calls wait for the test, or fail as it says; `running` and `most` count checkpoints in flight."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store, lambda: NOW)
        self.gates: dict[str, asyncio.Event] = {}
        self.errors: dict[str, Exception] = {}
        self.reached: dict[str, asyncio.Event] = {name: asyncio.Event() for name in ("reserve", "replace", "settle")}
        self.saved = asyncio.Event()
        self.settled = asyncio.Event()
        self.running = self.most = 0
        self.loses_answers = False

    async def _pass(self, name: str) -> None:
        self.reached[name].set()
        if name in self.gates:
            await self.gates[name].wait()
        if name in self.errors:
            raise self.errors[name]

    async def reserve(self, turn, limits, *, visitor=None, over=None):
        await self._pass("reserve")
        return await super().reserve(turn, limits, visitor=visitor, over=over)

    async def replace(self, read, turn):
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self._pass("replace")
            written = await super().replace(read, turn)
            if self.loses_answers:
                raise UnavailableError("lost")
            if turn.answer:
                self.saved.set()
            return written
        finally:
            self.running -= 1

    async def settle(self, read, turn, head, path=()):
        await self._pass("settle")
        await super().settle(read, turn, head, path)
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
        ceiling: int = 0,
    ) -> None:
        self.model = model or ScriptedChatModel(["They eat krill."])
        self.library = Library()
        self.store = self.library.store
        self.library.learn("whales", "Blue whales eat krill, up to four tonnes a day.")
        self.store.bots["bot"] = a_bot(agent_kind=kind, model=self.model.spec.name)
        self.now = NOW
        self.turns = HeldTurns(self.store)
        settings = Settings(chat_model=self.model.spec.name, stream_checkpoint_seconds=checkpoint, turn_retention_days=retention)
        self.ceiling = DailyCeiling(MemoryCeiling(self.store), ceiling, self.clock)
        self.own_models = MemoryOwnModels()
        self.chats = Chats(
            turns=self.turns,
            scenes=Scenes(self.turns, MemoryBots(self.store), MemoryAccounts(self.store), self.clock),
            models=MemoryChatModels(self.model),
            own_models=self.own_models,
            personas=MemoryPersonas(self.store),
            ceiling=self.ceiling,
            clock=self.clock,
            settings=settings,
        )
        self.telling = Telling(self.chats, self.knowledge)

    def clock(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        """Time goes by."""
        self.now += timedelta(seconds=seconds)

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
            async for _ in turn.events(self.knowledge):
                pass
        return turn.answer.text

    def stored_as(self, **changes: object) -> Turn:
        """The only turn as somebody else writes it."""
        changed = self.stored.model_copy(update=changes)
        self.store.turns[changed.conversation_id, changed.id] = changed
        return changed

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something has become true, for five seconds at most."""
        async with asyncio.timeout(5):
            while not is_so():  # noqa: ASYNC110  What is waited for is a state of the store, which tells nobody.
                await asyncio.sleep(0.001)

    async def ask(self, wanted: Wanted = ASKED) -> LiveTurn:
        """A turn that has ended well."""
        turn = await self.chats.begin(wanted)
        await self.tell(turn)
        return turn
