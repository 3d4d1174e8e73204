"""A tree of HTML, or of the like that trafilatura makes, to blocks of text in one walk."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from lxml import etree

from shared.domain.page import BlockKind
from shared.ingest.normal import clean, squeeze

_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_ITEMS = {"li", "item", "dd", "dt"}
_LISTS = {"ul", "ol", "list", "dl"}
_ROWS = {"tr", "row"}
_CELLS = {"td", "th", "cell"}
_BREAKS = {"br", "lb"}
_PREFORMATTED = {"pre", "listing", "xmp"}
_BLOCKS = (
    {"p", "div", "section", "article", "main", "body", "header", "hr", "blockquote", "quote", "figure", "figcaption", "caption"}
    | {"address", "details", "summary", "fieldset", "center", "hgroup", "table", "thead", "tbody", "tfoot", "title"}
    | set(_HEADINGS) | {"head"} | _ITEMS | _LISTS | _ROWS | _CELLS | _PREFORMATTED
)  # fmt: skip
_WHITE = re.compile(r"[ \t\n\r\f]+")


class Piece(NamedTuple):
    """A block before it has a place."""

    kind: BlockKind
    text: str
    level: int = 0


def pieces_of(root: Any) -> Iterator[Piece]:
    """The blocks under the element, in order. A table of data is one block, a table that only lays out is none."""
    walk = _Walk()
    events = etree.iterwalk(root, events=("start", "end"))
    for event, element in events:
        if not isinstance(element.tag, str):
            continue
        whole = walk.whole(element) if event == "start" else None
        if whole is not None:
            yield from walk.flush()
            yield whole
            events.skip_subtree()
            walk.skipped.add(element)
        elif event == "start":
            yield from walk.start(element)
        else:
            yield from walk.end(element)
    yield from walk.flush()


class _Walk:
    """The text since the last block's edge, and what the next block will be."""

    def __init__(self) -> None:
        self.skipped: set[Any] = set()
        self._numbers: dict[Any, int] = {}
        self._parts: list[str] = []
        self._kind = BlockKind.PARAGRAPH
        self._marker = ""
        self._level = 0

    def whole(self, element: Any) -> Piece | None:
        """Elements that are one block with all that they hold: preformatted text, and tables of data."""
        if element.tag in _PREFORMATTED or (element.tag == "code" and _has_lines(element)):
            return Piece(BlockKind.CODE, clean(_verbatim(element)))
        if element.tag == "table" and (rows := _data_rows(element)):
            return Piece(BlockKind.TABLE, "\n".join(rows))
        return None

    def start(self, element: Any) -> Iterator[Piece]:
        if element.tag in _BLOCKS:
            yield from self.flush()
        if (level := _heading_level(element)) > 0:
            self._kind, self._level = BlockKind.HEADING, level
        elif element.tag in _ITEMS:
            self._kind, self._marker = BlockKind.LIST_ITEM, self._next_marker(element.getparent())
        elif element.tag in _BREAKS:
            self._parts.append("\n")
        self._take(element.text)

    def end(self, element: Any) -> Iterator[Piece]:
        if element.tag in _BLOCKS and element not in self.skipped:
            yield from self.flush()
            self._kind, self._marker, self._level = BlockKind.PARAGRAPH, "", 0
        self._take(element.tail)

    def flush(self) -> Iterator[Piece]:
        """The block so far, if it says anything; what follows in the same element is a paragraph."""
        text = squeeze(clean("".join(self._parts))).strip()
        self._parts = []
        if text:
            shown = " ".join(text.split("\n")) if self._level else self._marker + text
            yield Piece(self._kind, shown, self._level)
            self._kind, self._marker, self._level = BlockKind.PARAGRAPH, "", 0

    def _next_marker(self, parent: Any) -> str:
        """The item's number where its list is ordered, else a dash."""
        if parent is None or "ol" not in (parent.tag, parent.get("rend")):
            return "- "
        self._numbers[parent] = self._numbers.get(parent, 0) + 1
        return f"{self._numbers[parent]}. "

    def _take(self, text: str | None) -> None:
        if text:
            self._parts.append(_WHITE.sub(" ", text))


def _heading_level(element: Any) -> int:
    if element.tag == "head":
        return _HEADINGS.get(element.get("rend", ""), 2)
    return _HEADINGS.get(element.tag, 0)


def _has_lines(code: Any) -> bool:
    return any("\n" in text.strip() for text in code.itertext())


def _verbatim(element: Any) -> str:
    for line_break in element.iter(*_BREAKS):
        line_break.tail = "\n" + (line_break.tail or "")
    return "".join(element.itertext()).strip("\n")


def _data_rows(table: Any) -> list[str]:
    """The rows as text, or none where the table lays out a page: it holds tables or headings, or has but one column."""
    if next(table.iterdescendants("table", *_HEADINGS, "head"), None) is not None:
        return []
    rows = [[_cell(cell) for cell in row.iterchildren(*_CELLS)] for row in table.iter(*_ROWS)]
    if max(map(len, rows), default=0) <= 1:
        return []
    caption = ["".join(each.itertext()) for each in table.iterchildren("caption")]
    return [squeeze(clean(_WHITE.sub(" ", text))) for text in caption] + [" | ".join(row) for row in rows if any(row)]


def _cell(cell: Any) -> str:
    return squeeze(clean(_WHITE.sub(" ", " ".join(cell.itertext())))).strip()
