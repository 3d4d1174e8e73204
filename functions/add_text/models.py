"""What a person sends of a text."""

from enum import StrEnum

from pydantic import Field

from shared.domain.base import Id, Model
from shared.domain.document import Title


class TextFormat(StrEnum):
    """Whether the text's marks mean anything: headings, lists and tables of Markdown are kept as structure."""

    TEXT = "text"
    MARKDOWN = "markdown"


class AddText(Model):
    """A text for a bot to learn; without a `format`, a title that ends in .md or .markdown says Markdown."""

    bot_id: Id
    title: Title
    text: str = Field(min_length=1, max_length=500_000)
    format: TextFormat | None = None

    @property
    def is_markdown(self) -> bool:
        """Whether its structure is to be read."""
        if self.format is None:
            return self.title.lower().endswith((".md", ".markdown"))
        return self.format is TextFormat.MARKDOWN
