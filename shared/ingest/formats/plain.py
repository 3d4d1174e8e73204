"""Plain text: paragraphs are what empty lines part."""

import re
from pathlib import Path

from shared.domain.page import BlockKind, TextPage
from shared.ingest.encoding import decode
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.normal import clean
from shared.ingest.pages import PageBuilder, content_of, whole

_EMPTY_LINES = re.compile(r"\n[ \t\u00a0\u3000]*(?:\n[ \t\u00a0\u3000]*)+")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)


def layout(_: Path) -> Layout:
    """One part, without pages."""
    return Layout()


def read(path: Path, _: int) -> Extraction:
    """The whole file. Raises as `read_plain`, and as `decode`."""
    return whole(read_plain(decode(content_of(path))))


def read_plain(text: str) -> TextPage:
    """One page without a number; lines within a paragraph and their indents stay as written."""
    page = PageBuilder(None)
    for paragraph in _EMPTY_LINES.split(clean(text)):
        page.add(BlockKind.PARAGRAPH, _TRAILING.sub("", paragraph))
    return page.build()
