"""Pictures read by a chat model that sees, and the place of one where none does."""

from shared.core.errors import FailedPreconditionError
from shared.domain.bot import GenerationSettings
from shared.domain.prompt import Completion, Prompt, SeenPicture, TextDelta, estimated_tokens
from shared.domain.reading import Reading
from shared.ports.models import ChatModel

# As much as a model may write: the fullest page of a newspaper. Nothing is to be invented.
_SETTINGS = GenerationSettings(temperature=0, max_output_tokens=8192)

# What models count for a picture of our size, about.
_PICTURE_TOKENS = 1_500


class ChatVision:
    """One chat model, its fallback included."""

    can_see = True

    def __init__(self, model: ChatModel) -> None:
        self.name, self.model = model.spec.name, model.spec.remote_name
        self._model = model

    async def read(self, picture: SeenPicture, instructions: str) -> Reading:
        """The tokens are the provider's count, or an estimate where it gives none."""
        prompt = Prompt(system=instructions, user="Transcribe this picture.", question="", search_query="", picture=picture)
        said, ended = list[str](), Completion()
        async for event in self._model.stream(prompt, _SETTINGS):
            if isinstance(event, TextDelta):
                said.append(event.text)
            else:
                ended = event
        text = "".join(said)
        tokens = ended.usage.total if ended.usage else _PICTURE_TOKENS + estimated_tokens(instructions + text)
        return Reading(text=text, tokens=tokens, is_whole=ended.finish_reason == "stop")


class Blind:
    """No model here sees."""

    name = model = ""
    can_see = False

    async def read(self, picture: SeenPicture, instructions: str) -> Reading:  # noqa: ARG002 - The port's.
        """Always raises."""
        raise FailedPreconditionError("No model that reads pictures is configured here.", field="model")
