"""Records to store: valid ones, of which a test names only what it cares for."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.core.ids import chunk_id, new_id, new_turn_id
from shared.domain.bot import Bot, BotDraft
from shared.domain.chunk import Chunk, ChunkFlag, EmbeddedChunk, Place
from shared.domain.conversation import Citation, Conversation, Message, ModelCall, Role, TokenUsage, Turn, TurnStatus
from shared.domain.document import Document, DocumentStatus
from shared.domain.own_persona import OwnPersona, PersonaDraft, persona_key
from shared.domain.plan import FlowLimits, Reservation, Stock
from shared.domain.receipt import Receipt, ReceiptState
from shared.domain.template import PromptTemplate, SavedPrompt, Variable, prompt_key
from shared.ports.store import Versioned

NOW = datetime(2026, 11, 22, 13, 45, 30, 123456, tzinfo=UTC)
PLENTY = Stock(bots=1000, documents=1000, bytes=10**12, prompts=1000, personas=1000)
OFTEN = FlowLimits(turns_per_minute=1000, turns_per_month=10_000, tokens_per_month=10**9)
NAUGHTY = (
    "",
    "\x00\x01\x1f\x7f",
    "\u2028\u2029\ufeff\u200b",
    "é e\u0301 ﷽ \uff46\uff55ll",
    "👩\u200d👩\u200d👧\u200d👦 🏴\U000e0067\U000e0062",
    "مرحبا \u202eabc\u202c",
    "__name__",
    "a.b`c\\d/e*~[]",
    "'; DROP TABLE bots; --",
    "<script>{{7*7}}</script>\r\n\t",
    "\U0010ffff\ufffd",
)


def after(seconds: float) -> datetime:
    """So long after NOW; before it, if negative."""
    return NOW + timedelta(seconds=seconds)


def bot(owner_id: str = "owner", *, age: float = 0, **fields: Any) -> Bot:
    made = after(-age)
    known = {"id": new_id(), "configuration": BotDraft(name="Guide"), "created_at": made, "updated_at": made}
    return Bot(owner_id=owner_id, **{**known, **fields})


def document(owner_id: str = "owner", *, age: float = 0, **fields: Any) -> Document:
    made = after(-age)
    known = {
        "id": new_id(),
        "bot_id": "bot",
        "title": "Manual.pdf",
        "content_type": "application/pdf",
        "size_bytes": 1000,
        "blob": "uploads/x",
        "status": DocumentStatus.RECEIVED,
        "created_at": made,
        "updated_at": made,
        "due_at": None,
    }
    return Document(owner_id=owner_id, **{**known, **fields})


def chunk(document_id: str, ordinal: int, *, generation: int = 1, owner_id: str = "owner", **fields: Any) -> Chunk:
    known = {
        "id": chunk_id(document_id, generation, ordinal),
        "bot_id": "bot",
        "text": f"Passage {ordinal}",
        "place": Place(page=1, start=0, end=9, headings=("Part", "Chapter")),
        "flags": (ChunkFlag.INSTRUCTIONS,),
        "created_at": NOW,
    }
    return Chunk(document_id=document_id, generation=generation, ordinal=ordinal, owner_id=owner_id, **{**known, **fields})


def embedded(stored: Chunk, *vector: float) -> EmbeddedChunk:
    return EmbeddedChunk(chunk=stored, vector=vector or (1.0, 0.0))


def conversation(owner_id: str = "owner", *, age: float = 0, **fields: Any) -> Conversation:
    made = after(-age)
    said = (Message(role=Role.USER, text="Hello?"), Message(role=Role.ASSISTANT, text="Yes."))
    known = {"id": new_id(), "title": "Hello?", "tail": said, "turns": 1, "created_at": made, "updated_at": made}
    return Conversation(owner_id=owner_id, **{**known, **fields})


def turn(conversation_id: str, owner_id: str = "owner", *, age: float = 0, **fields: Any) -> Turn:
    made = after(-age)
    known = {
        "id": new_turn_id(conversation_id),
        "bot_owner_id": owner_id,
        "holder": new_id(),
        "model": "local-extractive",
        "question": "What is it?",
        "reserved_tokens": 100,
        "lease_until": after(300),
        "created_at": made,
        "updated_at": made,
    }
    return Turn(conversation_id=conversation_id, owner_id=owner_id, **{**known, **fields})


def answered(running: Turn) -> Turn:
    """The turn, done, with everything in it that an answer brings."""
    place = Place(page=3, start=10, end=20, headings=("Part",))
    citation = Citation(
        number=1, document_id="d", document_title="Manual", chunk_id="d-1-000000", quote="it is", place=place, verified=True
    )
    call = ModelCall(model="local-extractive", usage=TokenUsage(prompt_tokens=30, completion_tokens=10))
    done = {"answer": "It is. [1]", "found": True, "citations": (citation,), "calls": (call,), "status": TurnStatus.DONE}
    ended = {"lease_until": None, "updated_at": after(5), "settlements": running.settlements + 1}
    return running.model_copy(update={**done, **ended})


def unstored(made: Conversation) -> Versioned[Conversation]:
    """The conversation as a first turn begins it."""
    return Versioned(made, None)


def reservation(owner_id: str = "owner", tokens: int = 100, at: datetime = NOW) -> Reservation:
    return Reservation(owner_id=owner_id, at=at, tokens=tokens)


def receipt(holder: str = "call-1", *, key: str = "key", lease_until: datetime | None = None, **fields: Any) -> Receipt:
    known = {"fingerprint": "f1", "state": ReceiptState.HELD, "expire_at": after(86_400)}
    return Receipt(id=key, holder=holder, lease_until=lease_until or after(60), **{**known, **fields})


def own_persona(owner_id: str = "owner", persona_id: str = "pirate", *, age: float = 0, **fields: Any) -> OwnPersona:
    made = after(-age)
    draft = PersonaDraft(name="Pirate", keywords=("sea",), instructions="Speak as a pirate.")
    known = {"configuration": draft, "created_at": made, "updated_at": made}
    key = persona_key(owner_id, persona_id)
    return OwnPersona(id=key, owner_id=owner_id, persona_id=persona_id, **{**known, **fields})


def saved_prompt(owner_id: str = "owner", prompt_id: str = "greeting", *, age: float = 0, **fields: Any) -> SavedPrompt:
    made = after(-age)
    template = PromptTemplate(name="Greeting", text="Greet {{name}}.", variables=(Variable(name="name"),))
    known = {"template": template, "created_at": made, "updated_at": made}
    return SavedPrompt(id=prompt_key(owner_id, prompt_id), owner_id=owner_id, prompt_id=prompt_id, **{**known, **fields})
