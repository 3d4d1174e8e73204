"""Models that read and write, and the index that finds."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from shared.domain.bot import GenerationSettings
from shared.domain.chunk import EmbeddedChunk, Hit
from shared.domain.prompt import EmbedderSpec, ModelEvent, ModelSpec, Prompt

TextKind = Literal["query", "passage"]


class ChatModel(Protocol):
    """One model that answers in a stream."""

    spec: ModelSpec

    def stream(self, prompt: Prompt, settings: GenerationSettings) -> AsyncIterator[ModelEvent]:
        """TextDelta events, then exactly one Completion.

        Raises ResourceExhaustedError (429, with the provider's Retry-After), UnavailableError (5xx, a cut stream, no connection),
        DeadlineExceededError (a timeout), InvalidArgumentError (the provider refuses the request).
        Closing the iterator early ends the request to the provider.
        """
        ...


class ChatModels(Protocol):
    """The registry of chat models."""

    def get(self, name: str) -> ChatModel:
        """The model of that name. Raises InvalidArgumentError (field model) naming the known ones."""
        ...


class Embedder(Protocol):
    """Texts to vectors of unit length; one embedder is active per environment."""

    spec: EmbedderSpec

    async def embed(self, texts: Sequence[str], kind: TextKind) -> list[tuple[float, ...]]:
        """One vector a text, in order. Text beyond spec.max_tokens is cut. Raises as ChatModel.stream."""
        ...


class TokenCounter(Protocol):
    """Lengths as the active embedder counts them, without loading its weights."""

    max_tokens: int

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens included."""
        ...


@dataclass(frozen=True)
class Asked:
    """What the cache says of some keys: the vectors that it has; the keys for whose texts the asker may ask the model now; where
    others ask for the rest, when the first of their leases ends; and for which of the vectors the asker has paid before.
    """

    vectors: dict[str, tuple[float, ...]]
    ours: frozenset[str]
    busy_until: datetime | None = None
    paid: frozenset[str] = frozenset()


class EmbeddingCache(Protocol):
    """The pay-once cache, by `shared.core.ids.embedding_key`."""

    async def ask(self, keys: Sequence[str], holder: str, now: datetime, until: datetime) -> Asked:
        """Hold, under a lease until then, those that are not stored and that no other holder's lease covers.

        What one holder has it holds again, so that a step that is done again need not wait for itself. Raises ConflictError where
        others are always quicker.
        """
        ...

    async def get_many(self, keys: Sequence[str]) -> dict[str, tuple[float, ...]]:
        """Those that are stored."""
        ...

    async def put_many(self, vectors: dict[str, tuple[float, ...]], payer: str) -> None:
        """Store them as that holder's who paid for them; one that exists is left as it is or replaced by its equal."""
        ...


class VectorIndex(Protocol):
    """Chunks with their vectors: what is put can be read through `Chunks` and found by search."""

    async def put(self, entries: Sequence[EmbeddedChunk]) -> None:
        """Store chunks and vectors by chunk id; putting one twice stores it once."""
        ...

    async def search(self, vector: Sequence[float], bot_id: str, owner_id: str, limit: int) -> list[Hit]:
        """The bot's nearest chunks by cosine, best first, of all generations; at most 1000."""
        ...

    async def delete(self, document_id: str, generation: int | None = None, most: int = 1000) -> int:
        """Remove up to so many chunks of a generation, null: of all; how many were removed."""
        ...


class OwnModels(Protocol):
    """Models at people's own providers, through the keys that they have stored."""

    async def get(self, key_id: str, owner_id: str, model: str) -> ChatModel:
        """The model, asked with the owner's key at the owner's address.

        Raises FailedPreconditionError (field own_model) where the owner has no such key, or its address may not be asked.
        """
        ...
