"""Plain text: paragraphs are what empty lines part."""

import re

from shared.domain.page import BlockKind, TextPage
from shared.ingest.normal import clean
from shared.ingest.pages import PageBuilder

_EMPTY_LINES = re.compile(r"\n[ \t\u00a0\u3000]*(?:\n[ \t\u00a0\u3000]*)+")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)


def read_plain(text: str) -> TextPage:
    """One page without a number; lines within a paragraph and their indents stay as written."""
    page = PageBuilder(None)
    for paragraph in _EMPTY_LINES.split(clean(text)):
        page.add(BlockKind.PARAGRAPH, _TRAILING.sub("", paragraph))
    return page.build()
