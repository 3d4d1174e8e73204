"""A file as text: pages of plain text with the spans of their structure, whatever the format was."""

from enum import StrEnum

from pydantic import Field

from shared.domain.base import Model


class BlockKind(StrEnum):
    """What a span of a page is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE = "table"
    CODE = "code"


class Block(Model):
    """A span of the page's text, end excluded; blocks are in reading order and do not overlap."""

    kind: BlockKind
    start: int
    end: int
    level: int = Field(default=0, description="1 to 6 for a heading, else 0.")


class TextPage(Model):
    """A page's text and structure; `number` counts from 1, and is null where the format has no pages."""

    number: int | None
    text: str
    blocks: tuple[Block, ...]
