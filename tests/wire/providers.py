"""The providers whose adapters the wire tests hold to one behaviour."""

from types import ModuleType

from shared.adapters.model_streams import Patience
from shared.domain.bot import GenerationSettings
from shared.domain.conversation import Message, Role
from shared.domain.prompt import Prompt
from tests.wire import gemini_format, openai_format

PROVIDERS: dict[str, ModuleType] = {"openai_compatible": openai_format, "gemini": gemini_format}
PATIENT = Patience(connect=5, first_token=20, between_tokens=20)
SETTINGS = GenerationSettings(temperature=0.5, max_output_tokens=300)
PROMPT = Prompt(
    system="You answer in rhymes.",
    history=(Message(role=Role.USER, text="Who are you?"), Message(role=Role.ASSISTANT, text="A bard.")),
    user="<passages/>\nWo liegt Zürich? 🗺",
    question="Wo liegt Zürich? 🗺",
    search_query="Wo liegt Zürich?",
)
