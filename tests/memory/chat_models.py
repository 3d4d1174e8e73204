"""Models for tests: an embedder whose vectors are hashed words, and a chat model that says what it is told to."""

import asyncio
import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from math import sqrt

from shared.core.errors import InvalidArgumentError, SynapseError
from shared.domain.bot import GenerationSettings
from shared.domain.conversation import TokenUsage
from shared.domain.prompt import Completion, EmbedderSpec, ModelEvent, ModelSpec, Prompt, TextDelta
from shared.ports.models import ChatModel, TextKind

_WORD = re.compile(r"\w+")
_STOP_WORD = re.compile(
    r"a|an|and|are|as|at|be|by|did|do|does|for|from|how|in|is|it|its|of|on|or|that|the|this|to|was|were|what|when|where|which"
    r"|who|why|will|with"
)


def words_of(text: str) -> list[str]:
    """Lower-case words without the commonest ones and without a plural s, so that a question meets its answer."""
    found = [word.removesuffix("s") for word in _WORD.findall(text.lower()) if not _STOP_WORD.fullmatch(word)]
    return found or ["(empty)"]


def vector_of(text: str, dimension: int) -> tuple[float, ...]:
    """The unit vector of the counts of hashed words: cosine is the share of words that two texts have in common."""
    counts = [0.0] * dimension
    for word in words_of(text):
        counts[zlib.crc32(word.encode()) % dimension] += 1.0
    length = sqrt(sum(count * count for count in counts))
    return tuple(count / length for count in counts)


class FakeEmbedder:
    """Deterministic vectors; `calls` keeps what was asked, and each error in `errors` fails one call, first ones first."""

    def __init__(self, dimension: int = 256, max_tokens: int = 256, errors: Sequence[SynapseError] = ()) -> None:
        self.spec = EmbedderSpec(name="fake-words", adapter="memory", dimension=dimension, max_tokens=max_tokens)
        self.calls: list[tuple[tuple[str, ...], TextKind]] = []
        self.errors = list(errors)

    @property
    def embedded(self) -> list[str]:
        """Every text that was paid for, in order, doubles included."""
        return [text for texts, _ in self.calls for text in texts]

    async def embed(self, texts: Sequence[str], kind: TextKind) -> list[tuple[float, ...]]:
        if self.errors:
            raise self.errors.pop(0)
        self.calls.append((tuple(texts), kind))
        await asyncio.sleep(0)
        return [vector_of(self._cut(text), self.spec.dimension) for text in texts]

    def _cut(self, text: str) -> str:
        return " ".join(text.split()[: self.spec.max_tokens - 2])


class FakeTokenCounter:
    """A token is a word; two are added as for the special tokens of a real model."""

    def __init__(self, max_tokens: int = 256) -> None:
        self.max_tokens = max_tokens

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 2 for text in texts]


class ScriptedChatModel:
    """Says its pieces, whatever it is asked; `script` may be a function of the prompt.

    `error` is raised after the pieces instead of the completion. With a `gate` it waits before every piece but the first until
    the gate is set, so that a test can leave in the middle. `prompts` and `settings` keep what it was asked, `closed` counts the
    streams that were ended early.
    """

    def __init__(
        self,
        script: Sequence[str] | Callable[[Prompt], Sequence[str]] = ("Hello.",),
        *,
        name: str = "scripted",
        usage: TokenUsage | None = None,
        error: SynapseError | None = None,
        gate: asyncio.Event | None = None,
    ) -> None:
        self.spec = ModelSpec(name=name, adapter="memory", context_tokens=8192)
        self.script = script
        self.usage = usage
        self.finish_reason = "stop"
        self.stand_in: str | None = None
        self.error = error
        self.gate = gate
        self.prompts: list[Prompt] = []
        self.settings: list[GenerationSettings] = []
        self.closed = 0

    async def stream(self, prompt: Prompt, settings: GenerationSettings) -> AsyncIterator[ModelEvent]:
        self.prompts.append(prompt)
        self.settings.append(settings)
        try:
            async with aclosing(self._events(prompt)) as events:
                async for event in events:
                    yield event
        except (GeneratorExit, asyncio.CancelledError):
            self.closed += 1
            raise

    async def _events(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        pieces = self.script(prompt) if callable(self.script) else self.script
        for number, piece in enumerate(pieces):
            if self.gate and number:
                await self.gate.wait()
            await asyncio.sleep(0)
            yield TextDelta(text=piece)
        if self.error:
            raise self.error
        yield Completion(usage=self.usage, finish_reason=self.finish_reason, model=self.stand_in)


class MemoryChatModels:
    """A registry of the models given; with none given, one that greets, under the name `local-extractive`."""

    def __init__(self, *models: ChatModel) -> None:
        given = models or (ScriptedChatModel(name="local-extractive"),)
        self.models = {model.spec.name: model for model in given}

    def get(self, name: str) -> ChatModel:
        if name not in self.models:
            raise InvalidArgumentError(f"There is no model {name!r}; known are {', '.join(sorted(self.models))}.", field="model")
        return self.models[name]
