"""Whole answers of a model, one call at a time, with a ledger of what they cost, whichever way each ends."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

from shared.core.errors import SynapseError, UnavailableError
from shared.core.ids import digest
from shared.domain.bot import GenerationSettings
from shared.domain.conversation import ModelCall, TokenUsage, usage_of
from shared.domain.prompt import Completion, ModelEvent, ModelSpec, Prompt, TextDelta, estimated_tokens
from shared.ports.models import ChatModel

# Of the room beside a text: tokenisers differ by some 30 % from our estimate, and a text that fills the context to the brim is
# refused by the provider.
_SAFE_SHARE = 0.75


class Writer:
    """Asks one model; `calls` tells of every call so far, those under way when somebody stopped waiting included."""

    def __init__(self, model: ChatModel, generation: GenerationSettings) -> None:
        self.calls: list[ModelCall] = []
        self.generation = generation
        self._model = model

    @property
    def spec(self) -> ModelSpec:
        """The model's entry of the registry."""
        return self._model.spec

    @property
    def usage(self) -> TokenUsage:
        """What the calls have used."""
        return usage_of(self.calls)

    async def write(self, prompt: Prompt, most_tokens: int | None = None) -> str:
        """The model's whole text. Raises as ChatModel.stream, and UnavailableError where the model says nothing."""
        settings = self.generation.model_copy(update={"max_output_tokens": most_tokens} if most_tokens else {})
        pieces: list[str] = []
        last = Completion(finish_reason="")
        refused = False
        try:
            async with aclosing(_stream(self._model, prompt, settings)) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        pieces.append(event.text)
                    else:
                        last = event
        except SynapseError:
            refused = not pieces
            raise
        finally:
            self.calls.append(self._entry(prompt, "".join(pieces), last, refused=refused))
        if not "".join(pieces).strip():
            raise UnavailableError("The model gave no answer.")
        return "".join(pieces)

    def _entry(self, prompt: Prompt, text: str, last: Completion, *, refused: bool) -> ModelCall:
        """A model that did not count is estimated; one that refused before its first word cost nothing."""
        likely = TokenUsage(prompt_tokens=size_of(prompt), completion_tokens=estimated_tokens(text))
        return ModelCall(
            model=last.model or self.spec.name,
            usage=last.usage or (TokenUsage() if refused else likely),
            estimated=last.usage is None,
            finish_reason=last.finish_reason or None,
        )


def message(system: str, user: str) -> Prompt:
    """A prompt that is one message, without history or passages."""
    return Prompt(system=system, user=user, question=user, search_query=user)


def size_of(prompt: Prompt) -> int:
    """An estimate of what the prompt costs; passages are a part of `user`."""
    texts = (prompt.system, prompt.user, *(said.text for said in prompt.history))
    return sum(estimated_tokens(text) for text in texts)


def framed(text: str) -> str:
    """The text as marked data. It cannot close its own frame, since the frame's name is a digest of it; so nothing in it needs
    to be changed, and what is rewritten or extracted is the text itself.
    """
    name = f"text-{digest(text)[:16]}"
    return f"<{name}>\n{text}\n</{name}>"


def room_beside(fixed: str, spec: ModelSpec, generation: GenerationSettings) -> int:
    """Tokens of a text that surely fit beside the rest of a prompt and the answer; may be none, or less."""
    return int((spec.context_tokens - generation.max_output_tokens - estimated_tokens(fixed)) * _SAFE_SHARE)


def _stream(model: ChatModel, prompt: Prompt, settings: GenerationSettings) -> AsyncGenerator[ModelEvent, None]:
    # The port promises an iterator that may be closed early; adapters keep that promise by being generators.
    events: AsyncIterator[ModelEvent] = model.stream(prompt, settings)
    return cast("AsyncGenerator[ModelEvent, None]", events)
