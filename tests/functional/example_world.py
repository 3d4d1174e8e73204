"""Everything that Alice owns, under the ids that the examples of the functions name; Bob owns nothing.

The suites that must find nothing of hers work on it too, so that there is something to find.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from shared.domain.bot import AgentKind, BotDraft, BotVersion, Visibility
from shared.domain.chunk import Place
from shared.domain.conversation import Citation, Conversation, ModelCall, TokenUsage, Turn, TurnStatus, exchange_of
from shared.domain.dead_letter import DeadLetter
from shared.domain.deletion import Deletion, DeletionKind, DeletionStatus, Removed
from shared.domain.own_persona import OwnPersona, PersonaDraft, persona_key
from shared.domain.plan import Stock
from shared.domain.provider_key import ProviderKey, Sealed, provider_key_id
from shared.domain.template import PromptTemplate, SavedPrompt, Variable, prompt_key
from shared.ports.blobs import Blobs
from shared.ports.ceiling import Ceiling
from shared.ports.contents import Contents
from shared.ports.deletions import Deletions, Remains
from shared.ports.ledger import Holds, Ledger
from shared.ports.models import EmbeddingCache, TokenCounter
from shared.ports.notifier import Notifier
from shared.ports.queue import Queue
from shared.ports.store import Chunks, DeadLetters
from shared.ports.usage import Usage
from shared.ports.web import Web
from shared.runtime.wiring import bound
from shared.services.robots import Robots
from tests.functional.people import NOW, World
from tests.memory.blobs import MemoryBlobs, StoredBlob
from tests.memory.chat_models import FakeTokenCounter
from tests.memory.contents import MemoryContents
from tests.memory.deletions import MemoryDeletions, MemoryRemains
from tests.memory.ledger import MemoryHolds, MemoryLedger
from tests.memory.models import MemoryEmbeddingCache
from tests.memory.notifier import MemoryNotifier
from tests.memory.queue import MemoryQueue
from tests.memory.store import MemoryChunks, MemoryDeadLetters
from tests.memory.turns import MemoryCeiling, MemoryUsage
from tests.memory.web import MemoryWeb

LINK = "open-sesame-to-the-whales"
"""The secret half of the link of Alice's bot."""
_EARLIER = NOW - timedelta(hours=1)
_CITATION = Citation(
    number=1,
    document_id="whales",
    document_title="whales.pdf",
    chunk_id="whales-1-000000",
    quote="Blue whales eat krill",
    place=Place(page=1, start=100, end=121),
    verified=True,
)
_TURN = Turn(
    id="thread-turn",
    conversation_id="thread",
    owner_id="alice",
    bot_id="bot",
    bot_version=1,
    bot_owner_id="alice",
    model="scripted",
    question="What do blue whales eat?",
    answer="They eat krill [1].",
    found=True,
    citations=(_CITATION,),
    calls=(ModelCall(model="scripted", usage=TokenUsage(prompt_tokens=310, completion_tokens=12)),),
    status=TurnStatus.DONE,
    settlements=1,
    latency_ms=840,
    first_token_ms=320,
    created_at=_EARLIER,
    updated_at=_EARLIER,
)
_THREAD = Conversation(
    id="thread",
    owner_id="alice",
    bot_id="bot",
    title="Of whales",
    tail=exchange_of(_TURN),
    active_turn_id=_TURN.id,
    turns=1,
    created_at=_EARLIER,
    updated_at=_EARLIER,
)
_PROMPT = SavedPrompt(
    id=prompt_key("alice", "greeting"),
    prompt_id="greeting",
    owner_id="alice",
    template=PromptTemplate(name="Greeting", text="Greet {{name}} in one line.", variables=(Variable(name="name"),)),
    created_at=_EARLIER,
    updated_at=_EARLIER,
)
_PERSONA = OwnPersona(
    id=persona_key("alice", "pirate"),
    persona_id="pirate",
    owner_id="alice",
    configuration=PersonaDraft(
        name="Captain Flint", description="Speaks as on the high seas.", instructions="Talk like a buccaneer."
    ),
    created_at=_EARLIER,
    updated_at=_EARLIER,
)
_KEY = ProviderKey(
    id=provider_key_id("alice", "key"),
    key_id="key",
    owner_id="alice",
    name="My OpenAI account",
    base_url="https://api.openai.com/v1",
    hint="7f3a",
    sealed=Sealed(ciphertext=b"sealed", nonce=b"nonce", wrapped_key=b"wrapped", wrapping_key="first"),
    created_at=_EARLIER,
    updated_at=_EARLIER,
)
_DELETION = Deletion(
    id="document-gone",
    kind=DeletionKind.DOCUMENT,
    target_id="gone",
    owner_id="alice",
    bot_id="bot",
    status=DeletionStatus.DONE,
    removed=Removed(documents=1, chunks=12, objects=5),
    requested_at=_EARLIER,
    due_at=None,
    last_look_at=NOW,
    done_at=NOW,
)
_LETTER = DeadLetter(
    id="letter",
    topic="purge-generations",
    body='{"document_id":"whales","generation":1,"shard":0}',
    attributes={"correlation_id": "c0ffee"},
    document_id="whales",
    delivery_attempts=10,
    recorded_at=_EARLIER,
)


class ExampleWorld(World):
    """The world of `functions/*/example.json`."""

    def __init__(self) -> None:
        super().__init__()
        self.blobs = MemoryBlobs({"uploads/whales": StoredBlob(b"%PDF-1.7", "application/pdf")})
        self.queue = MemoryQueue()
        self.web = MemoryWeb()
        store = self.store
        store.bots["bot"] = store.bots["bot"].model_copy(update={"visibility": Visibility.LINK, "link": LINK})
        talker = store.bots["talker"].configured(BotDraft(name="Talker", agent_kind=AgentKind.CHAT), NOW)
        store.bots["talker"] = talker
        store.bot_versions["talker", 2] = BotVersion.of(talker)
        store.conversations[_THREAD.id] = _THREAD
        store.turns[_THREAD.id, _TURN.id] = _TURN
        store.prompts["alice", "greeting"] = store.prompt_versions["alice", "greeting", 1] = _PROMPT
        store.personas["alice", "pirate"] = _PERSONA
        store.provider_keys[_KEY.id] = _KEY
        store.deletions[_DELETION.id] = store.stamp(_DELETION)
        store.dead_letters[_LETTER.id] = _LETTER
        store.stock["alice"] = Stock(bots=2, documents=1, bytes=1, provider_keys=1, prompts=1, personas=1)

    def ports(self) -> dict[Any, Any]:
        """What the functions find behind the ports that a chat does not need."""
        store = self.store
        return {
            Blobs: self.blobs,
            Ceiling: MemoryCeiling(store),
            Chunks: MemoryChunks(store),
            DeadLetters: MemoryDeadLetters(store),
            Deletions: MemoryDeletions(store, lambda: NOW),
            Contents: MemoryContents(store),
            EmbeddingCache: MemoryEmbeddingCache(store),
            Holds: MemoryHolds(store),
            Ledger: MemoryLedger(store),
            Notifier: MemoryNotifier(),
            Queue: self.queue,
            Remains: MemoryRemains(store),
            Robots: Robots(self.web, lambda: NOW),
            TokenCounter: FakeTokenCounter(),
            Usage: MemoryUsage(store),
            Web: self.web,
        }

    @contextmanager
    def running(self) -> Iterator["ExampleWorld"]:
        """Within the block every function works on this world."""
        with super().running(), bound(self.ports()):
            yield self
