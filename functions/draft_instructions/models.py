"""What is told of a bot that is to be, and the draft."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.domain.base import Id, Model, spelled
from shared.domain.bot import Keyword

_LANGUAGE = spelled(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$", "a language tag such as en or pt-BR")
LanguageTag = Annotated[str, StringConstraints(pattern=_LANGUAGE)]


class DraftInstructions(Model):
    """What the bot is for; the draft takes the persona up, so a bot that uses it need not name the persona too."""

    description: Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
    keywords: tuple[Keyword, ...] = Field(default=(), max_length=20)
    persona_id: Id | None = None
    language: LanguageTag | None = Field(default=None, description="A BCP 47 tag; null: the description's language.")


class DraftedInstructions(Model):
    """A text that fits a bot's `instructions`."""

    instructions: str
    composed: bool = Field(description="Put together from set phrases: no model that follows instructions wrote it.")
