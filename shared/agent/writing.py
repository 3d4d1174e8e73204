"""Whole answers of a model, one call at a time, with a ledger of what they cost, whichever way each ends."""

from contextlib import aclosing

from shared.agent.asking import Asking
from shared.core.errors import UnavailableError
from shared.core.ids import digest
from shared.domain.bot import GenerationSettings
from shared.domain.conversation import ModelCall, TokenUsage, usage_of
from shared.domain.prompt import ModelSpec, Prompt, estimated_tokens
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
        asking = Asking(self._model, prompt, settings)
        try:
            async with aclosing(asking.deltas()) as deltas:
                async for _ in deltas:
                    pass
        finally:
            self.calls.append(asking.entry())
        if not asking.text.strip():
            raise UnavailableError("The model gave no answer.")
        return asking.text


def message(system: str, user: str) -> Prompt:
    """A prompt that is one message, without history or passages."""
    return Prompt(system=system, user=user, question=user, search_query=user)


def framed(text: str) -> str:
    """The text as marked data. It cannot close its own frame, since the frame's name is a digest of it; so nothing in it needs
    to be changed, and what is rewritten or extracted is the text itself.
    """
    name = f"text-{digest(text)[:16]}"
    return f"<{name}>\n{text}\n</{name}>"


def room_beside(fixed: str, spec: ModelSpec, generation: GenerationSettings) -> int:
    """Tokens of a text that surely fit beside the rest of a prompt and the answer; may be none, or less."""
    return int((spec.context_tokens - generation.max_output_tokens - estimated_tokens(fixed)) * _SAFE_SHARE)
