"""One call of a model while it is under way, and what it has cost by any moment, whichever way it ends."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from shared.core.errors import SynapseError
from shared.domain.bot import GenerationSettings
from shared.domain.conversation import ModelCall, TokenUsage
from shared.domain.prompt import Completion, ModelEvent, Prompt, TextDelta, estimated_tokens
from shared.ports.models import ChatModel


class Asking:
    """A prompt that is put to a model once."""

    def __init__(self, model: ChatModel, prompt: Prompt, generation: GenerationSettings) -> None:
        self._model = model
        self._prompt = prompt
        self._generation = generation
        self._pieces: list[str] = []
        self._last = Completion(finish_reason="")
        self._is_refused = False

    @property
    def text(self) -> str:
        """What the model has said so far."""
        return "".join(self._pieces)

    async def deltas(self) -> AsyncGenerator[str, None]:
        """The text as it comes; who leaves early closes this, and so ends the request. Raises as ChatModel.stream."""
        # The port promises an iterator that may be closed early; adapters keep that promise by being generators.
        stream = cast("AsyncGenerator[ModelEvent, None]", self._model.stream(self._prompt, self._generation))
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        self._pieces.append(event.text)
                        yield event.text
                    else:
                        self._last = event
        except SynapseError:
            self._is_refused = not self._pieces
            raise

    def entry(self) -> ModelCall:
        """Its line of the ledger: estimated where the model did not count, and nothing where it refused before its first word."""
        last = self._last
        likely = TokenUsage(prompt_tokens=size_of(self._prompt), completion_tokens=estimated_tokens(self.text))
        return ModelCall(
            model=last.model or self._model.spec.name,
            usage=last.usage or (TokenUsage() if self._is_refused else likely),
            estimated=last.usage is None and not self._is_refused,
            finish_reason=last.finish_reason or None,
        )


def size_of(prompt: Prompt) -> int:
    """An estimate of what the prompt costs; passages are a part of `user`."""
    texts = (prompt.system, prompt.user, *(said.text for said in prompt.history))
    return sum(estimated_tokens(text) for text in texts)
