"""One answer in the making: from a question to the events that a reader sees, with everything so far at hand at any moment."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from time import perf_counter

from shared.agent.asking import Asking
from shared.agent.prompts import HISTORY_TOKENS, Asked, Instructions, compose, newest, room_for
from shared.agent.questions import standalone
from shared.agent.reading import Reader
from shared.agent.retrieval import Knowledge
from shared.core.errors import UnavailableError
from shared.domain.bot import AgentKind, Bot, GenerationSettings
from shared.domain.chunk import Passage
from shared.domain.conversation import Citation, ModelCall, TokenUsage, usage_of
from shared.domain.events import CitationFound, Token
from shared.domain.prompt import Prompt, estimated_tokens
from shared.ports.models import ChatModel

# A guess, of a passage as long as the local embedder reads; settling the turn corrects it to what was used.
_PASSAGE_TOKENS = 300
Shown = Token | CitationFound
NOT_FOUND = "I could not find an answer to this in what this bot has learned."


@dataclass(frozen=True)
class Speaker:
    """Who answers, with which model; `bot` is null where a persona speaks alone."""

    instructions: Instructions
    model: ChatModel
    generation: GenerationSettings
    bot: Bot | None = None

    def room(self, question: str) -> int:
        """Tokens left for history and passages; raises as `prompts.room_for`."""
        return room_for(self.instructions, question, self.model.spec, self.generation)

    @property
    def library(self) -> Bot | None:
        """The bot whose knowledge is to be searched, if any."""
        return self.bot if self.instructions.kind is AgentKind.RAG else None

    def likely_tokens(self, asked: Asked) -> int:
        """What a turn sets aside before it begins, its passages guessed and its answer as long as it may be. Raises as `room`."""
        room = self.room(asked.question)
        history = sum(estimated_tokens(message.text) for message in newest(asked.history, HISTORY_TOKENS))
        passages = self.library.configuration.retrieval.top_k * _PASSAGE_TOKENS if self.library else 0
        return self.model.spec.context_tokens - room + min(room, history + passages)


class Answer:
    """The answer so far; whoever stops listening keeps what `text`, `citations` and `calls` say then."""

    def __init__(self, speaker: Speaker, asked: Asked) -> None:
        self.found: bool | None = None
        self.citations: list[Citation] = []
        self.calls: list[ModelCall] = []
        self.first_said_at: float | None = None
        """By time.perf_counter."""
        self._asking: Asking | None = None
        self._speaker = speaker
        self._asked = asked
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        """What the reader has been shown."""
        return "".join(self._parts)

    @property
    def usage(self) -> TokenUsage:
        """What the model calls have used."""
        return usage_of(self.calls)

    @property
    def ledger(self) -> tuple[ModelCall, ...]:
        """The calls so far, the one under way estimated by what it was asked and has said."""
        return (*self.calls, self._asking.entry()) if self._asking else tuple(self.calls)

    async def events(self, knowledge: Knowledge) -> AsyncGenerator[Shown, None]:
        """Token and CitationFound events. Raises what the ports raise, and UnavailableError where the model says nothing."""
        query, passages = await self._retrieve(knowledge)
        # No model is asked: without passages it could answer only from what it knows otherwise, or say the same for money.
        if self.found is False:
            yield self._say(NOT_FOUND)
            return
        room = self._speaker.room(self._asked.question)
        prompt = compose(self._speaker.instructions, self._asked, query, passages, room)
        async with aclosing(self._generate(prompt)) as events:
            async for event in events:
                yield event
        if not self.text.strip():
            raise UnavailableError("The model gave no answer.")

    async def _retrieve(self, knowledge: Knowledge) -> tuple[str, tuple[Passage, ...]]:
        library = self._speaker.library
        if library is None:
            return self._asked.question, ()
        query = standalone(self._asked.question, self._asked.history)
        passages = await knowledge.passages(query, library, library.configuration.retrieval)
        self.found = bool(passages)
        return query, passages

    async def _generate(self, prompt: Prompt) -> AsyncGenerator[Shown, None]:
        reader = Reader(prompt.passages)
        async with aclosing(self._deltas(prompt)) as deltas:
            async for delta in deltas:
                for piece in reader.feed(delta):
                    yield self._event(piece)
        for piece in reader.close():
            yield self._event(piece)
        if reader.gave_up:
            # A model may give up after a claim that it has proved; then the proof counts.
            self.found = any(citation.verified for citation in self.citations)
            if not reader.has_begun:
                yield self._say(NOT_FOUND)

    async def _deltas(self, prompt: Prompt) -> AsyncGenerator[str, None]:
        """The model's text; however the stream ends, one ledger entry says what it cost."""
        asking = self._asking = Asking(self._speaker.model, prompt, self._speaker.generation)
        try:
            async with aclosing(asking.deltas()) as deltas:
                async for delta in deltas:
                    yield delta
        finally:
            self._asking = None
            self.calls.append(asking.entry())

    def _event(self, piece: str | Citation) -> Shown:
        if isinstance(piece, str):
            return self._say(piece)
        self.citations.append(piece)
        return CitationFound(citation=piece)

    def _say(self, text: str) -> Token:
        self.first_said_at = self.first_said_at or perf_counter()
        self._parts.append(text)
        return Token(text=text)
