"""What a model is asked: instructions, history, then passages as marked data with the question, so that the prefix
stays cacheable.
"""

from pydantic import Field

from shared.domain.base import Model
from shared.domain.chunk import Passage
from shared.domain.conversation import Message, TokenUsage


class SeenPicture(Model):
    """A picture that is shown to a model."""

    content: bytes = Field(repr=False)
    content_type: str


class Prompt(Model):
    """A request to a chat model. `user` is the last message as rendered, passages included; the rest of the last message's
    parts stand beside it for models that read structure rather than prose.
    """

    system: str
    history: tuple[Message, ...] = ()
    user: str
    question: str
    search_query: str = Field(description="The question made to stand alone; equal to it where no history was needed.")
    passages: tuple[Passage, ...] = ()
    picture: SeenPicture | None = Field(default=None, description="Shown with the last message, to a model that sees.")


class TextDelta(Model):
    """The next piece of the answer, in the citation syntax of `shared.agent.citations`."""

    text: str


class Completion(Model):
    """The model's last event; `usage` is null where the model counted nothing."""

    usage: TokenUsage | None = None
    finish_reason: str = Field(default="stop", description="stop, length or content_filter; else the provider's own word.")
    model: str | None = Field(default=None, description="The model that answered, where a fallback stood in for the one asked.")


ModelEvent = TextDelta | Completion


class ModelSpec(Model):
    """A registry entry of a chat model; `adapter` says which technology serves it."""

    name: str
    adapter: str
    remote_name: str = ""
    context_tokens: int
    location: str | None = Field(default=None, description="Where it must be asked; null: the environment's location.")
    thinking_level: str | None = Field(default=None, description="Gemini's minimal, low, medium or high; null: the model's own.")
    follows_instructions: bool = Field(
        default=True, description="Whether it writes what it is asked for; a model that does not only quotes passages."
    )
    sees: bool = Field(default=False, description="Whether it reads pictures.")
    retires: str | None = None
    price_per_million_prompt_tokens_usd: float = 0
    price_per_million_completion_tokens_usd: float = 0
    fallback: str | None = None


class EmbedderSpec(Model):
    """A registry entry of an embedder; the index definition follows its dimension."""

    name: str
    adapter: str
    remote_name: str = ""
    dimension: int
    max_tokens: int
    location: str | None = Field(default=None, description="As of a chat model.")


def estimated_tokens(text: str) -> int:
    """About how many tokens a model counts: four UTF-8 bytes a token, rounded up. Tokenisers differ by some 30 %."""
    return -(-len(text.encode("utf-8", "replace")) // 4)
