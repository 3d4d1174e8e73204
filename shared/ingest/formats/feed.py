"""XML: a feed of RSS or Atom item by item, a workbook by its rows, anything else by its text. Entities, stylesheets and addresses
are never followed.
"""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

from lxml import etree

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind
from shared.ingest.encoding import decode
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.formats.webpage import fragment_pieces, fragment_text
from shared.ingest.limits import MAX_XML_BYTES
from shared.ingest.markup import Piece
from shared.ingest.normal import clean, squeeze
from shared.ingest.pages import PageBuilder, whole
from shared.ingest.xmlwalk import attribute, child, name_of, parse

_DECLARED = re.compile(rb"""\A.{0,8}<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})["']""", re.DOTALL)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_FEEDS = {"rss": "item", "RDF": "item", "feed": "entry"}
_BODIES = ("encoded", "content", "description", "summary")
_DETAILS = ("pubDate", "published", "updated", "date", "author", "creator", "category")
_DETAIL_CHARACTERS = 500
_INDEX_DIGITS = 4  # Excel's last column is 16,384, and nobody's sheet is that wide.
_MOST_APART = 20  # Cells that a file need not write, and that cost memory.


def layout(_: Path) -> Layout:
    """One part, without pages."""
    return Layout()


def read(path: Path, _: int) -> Extraction:
    """The whole file. Raises as `parse`, as `decode`, and RejectedFileError(too_large)."""
    with path.open("rb") as file:
        root = parse(_normal(file.read(MAX_XML_BYTES + 1)))
    page = PageBuilder(None)
    items = _FEEDS.get(name_of(root))
    for piece in _feed(root, items) if items else _workbook(root) if name_of(root) == "Workbook" else _document(root):
        page.add(piece.kind, piece.text, piece.level)
    return whole(page.build())


def _normal(content: bytes) -> bytes:
    """In UTF-8 and without a declaration, which many files get wrong."""
    if len(content) > MAX_XML_BYTES:
        limit = MAX_XML_BYTES // (1024 * 1024)
        raise RejectedFileError(
            FailureCode.TOO_LARGE, f"XML files may have up to {limit} MB. Split the file and upload the parts."
        )
    declared = _DECLARED.search(content[:256])
    text = decode(content, declared[1].decode("ascii") if declared else None).removeprefix("\ufeff")
    return _DECLARATION.sub("", text).strip().encode("utf-8", "replace")


def _feed(root: Any, items: str) -> Iterator[Piece]:
    about = child(root, "channel")
    about = root if about is None else about
    yield Piece(BlockKind.HEADING, _said(about, "title"), 1)
    yield Piece(BlockKind.PARAGRAPH, _said(about, "description") or _said(about, "subtitle"))
    for item in root.iter("{*}" + items):
        yield Piece(BlockKind.HEADING, _said(item, "title"), 2)
        yield Piece(BlockKind.PARAGRAPH, _details(item))
        yield from _body(item)


def _details(item: Any) -> str:
    """When, by whom and about what, one line each."""
    said = ((name_of(each), _plain(" ".join(each.itertext()))) for each in item.iterchildren("*"))
    return "\n".join(f"{name}: {text[:_DETAIL_CHARACTERS]}" for name, text in said if name in _DETAILS and text)


def _body(item: Any) -> Iterator[Piece]:
    """The fullest text that the item has: markup as text, as most feeds have it, or as elements."""
    for name in _BODIES:
        element = child(item, name)
        source = (
            ""
            if element is None
            else (element.text or "") + "".join(etree.tostring(each, encoding="unicode") for each in element)
        )
        pieces = fragment_pieces(source) if "<" in source else [Piece(BlockKind.PARAGRAPH, _plain(_unmarked(source)))]
        if any(piece.text.strip() for piece in pieces):
            yield from (piece._replace(level=min(6, piece.level + 2) if piece.level else 0) for piece in pieces)
            return


def _said(element: Any, name: str) -> str:
    found = child(element, name)
    return "" if found is None else _plain(_unmarked("".join(found.itertext())))


def _unmarked(source: str) -> str:
    """The text of what may be HTML that was written as text."""
    return fragment_text(source) if "<" in source else unescape(source)


def _plain(text: str) -> str:
    return " ".join(squeeze(clean(text)).split())


def _workbook(root: Any) -> Iterator[Piece]:
    """Excel's XML of 2003: each sheet is a table. An index parts cells that stand apart, as the format writes it."""
    for sheet in root.iterchildren("{*}Worksheet"):
        rows = [_cells(row) for row in sheet.iter("{*}Row")]
        if any(map(any, rows)):
            yield Piece(BlockKind.HEADING, _plain(attribute(sheet, "Name") or ""), 1)
            yield Piece(BlockKind.TABLE, "\n".join(" | ".join(row) for row in rows if any(row)))


def _cells(row: Any) -> list[str]:
    cells: list[str] = []
    for cell in row.iterchildren("{*}Cell"):
        index = attribute(cell, "Index") or ""
        apart = int(index) - 1 - len(cells) if index.isdecimal() and len(index) <= _INDEX_DIGITS else 0
        said = child(cell, "Data")
        cells += [*[""] * min(apart, _MOST_APART), "" if said is None else _plain("".join(said.itertext()))]
    return cells


def _document(root: Any) -> Iterator[Piece]:
    if _is_paragraph(root):
        yield Piece(BlockKind.PARAGRAPH, _plain("".join(root.itertext())))
    else:
        yield from _texts(root)


def _texts(element: Any) -> Iterator[Piece]:
    """An element that has text of its own is a paragraph with all that stands in it, and neighbours of its kind are a record.

    It goes as deep as the parser does, which is 256 levels.
    """
    record: list[tuple[str, str]] = []
    for each in element.iterchildren("*"):
        if _is_paragraph(each):
            record.append((name_of(each), _plain("".join(each.itertext()))))
        else:
            yield from _paragraphs(record)
            record = []
            yield from _texts(each)
    yield from _paragraphs(record)


def _is_paragraph(element: Any) -> bool:
    own = (element.text, *(each.tail for each in element))
    return len(element) == 0 or any(text and text.strip() for text in own)


def _paragraphs(record: list[tuple[str, str]]) -> Iterator[Piece]:
    """One of lines with their names where the names differ, as in a record of data; else one for each."""
    said = [(name, text) for name, text in record if text]
    if len({name for name, _ in said}) == len(said) > 1:
        yield Piece(BlockKind.PARAGRAPH, "\n".join(f"{name}: {text}" for name, text in said))
    else:
        yield from (Piece(BlockKind.PARAGRAPH, text) for _, text in said)
