"""What a benchmark binds for the real ones: a chat model whose delays are its name, a fixed embedder, a search that remembers."""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from shared.core.errors import InvalidArgumentError
from shared.domain.bot import GenerationSettings
from shared.domain.chunk import Hit
from shared.domain.conversation import TokenUsage
from shared.domain.prompt import Completion, EmbedderSpec, ModelEvent, ModelSpec, Prompt, TextDelta, estimated_tokens
from shared.ports.models import TextKind, VectorIndex

_NAME = re.compile(r"stub-first(\d+)-gap(\d+)-tokens(\d+)")
_QUOTE_CHARACTERS = 60


@dataclass(frozen=True)
class Delays:
    """`stub-first200-gap20-tokens50`: the first token after 200 ms, the others 20 ms apart, 50 in all."""

    first_ms: int
    gap_ms: int
    tokens: int

    @classmethod
    def of(cls, name: str) -> Self:
        """Raises InvalidArgumentError (field model) for a name that says no delays, or no token."""
        match = _NAME.fullmatch(name)
        if match is None or int(match[3]) == 0:
            raise InvalidArgumentError(f"{name!r} is no stub model, such as stub-first200-gap20-tokens50.", field="model")
        return cls(*map(int, match.groups()))

    @property
    def name(self) -> str:
        """The name that says these delays."""
        return f"stub-first{self.first_ms}-gap{self.gap_ms}-tokens{self.tokens}"


class StubChatModel:
    """Says numbered words; where it was given passages, its last token cites the first of them, so that the quote is checked."""

    def __init__(self, delays: Delays) -> None:
        self.spec = ModelSpec(name=delays.name, adapter="stub", context_tokens=32_768)
        self._delays = delays

    async def stream(self, prompt: Prompt, settings: GenerationSettings) -> AsyncGenerator[ModelEvent, None]:  # noqa: ARG002 - the port's
        """A timetable fixed at the beginning: as with a real model, a slow reader delays nothing but itself."""
        clock = asyncio.get_running_loop().time
        due = clock() + self._delays.first_ms / 1000
        for piece in self._pieces(prompt):
            await asyncio.sleep(max(0.0, due - clock()))
            due += self._delays.gap_ms / 1000
            yield TextDelta(text=piece)
        yield Completion(usage=TokenUsage(prompt_tokens=estimated_tokens(prompt.user), completion_tokens=self._delays.tokens))

    def _pieces(self, prompt: Prompt) -> Iterator[str]:
        yield from (f"word{number} " for number in range(1, self._delays.tokens))
        quote = prompt.passages[0].chunk.text[:_QUOTE_CHARACTERS].rpartition(" ")[0] if prompt.passages else ""
        yield f"end [[1|{quote}]]." if quote else "end."


class StubChatModels:
    """Every model that has a name of that kind."""

    def get(self, name: str) -> StubChatModel:
        """Raises InvalidArgumentError for another name."""
        return StubChatModel(Delays.of(name))


class FixedEmbedder:
    """The same unit vector for every text, at once: neither a model's time nor a cache's stands between question and search."""

    def __init__(self, dimension: int = 384) -> None:
        self.spec = EmbedderSpec(name=f"fixed-{dimension}", adapter="stub", dimension=dimension, max_tokens=256)
        self.vector = (1.0, *(0.0,) * (dimension - 1))

    async def embed(self, texts: Sequence[str], kind: TextKind) -> list[tuple[float, ...]]:  # noqa: ARG002 - the port's signature
        """One vector a text."""
        return [self.vector for _ in texts]


class RememberingIndex:
    """The real search once a bot; while `delay_seconds` is set, what it found is answered again after that delay.

    The emulator reads the whole collection for each search, whichever bot is asked for, and would take the processors from the
    code that is measured.
    """

    def __init__(self, index: VectorIndex) -> None:
        self.delay_seconds = 0.0
        self._index = index
        self._found: dict[tuple[str, int], list[Hit]] = {}

    async def search(self, vector: Sequence[float], bot_id: str, owner_id: str, limit: int) -> list[Hit]:
        """As the port says, for one vector a bot."""
        key = (bot_id, limit)
        if self.delay_seconds and key in self._found:
            await asyncio.sleep(self.delay_seconds)
        else:
            self._found[key] = await self._index.search(vector, bot_id, owner_id, limit)
        return self._found[key]
