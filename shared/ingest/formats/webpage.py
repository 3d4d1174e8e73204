"""HTML: the main text by trafilatura, or the whole body where a page is all main text or none is found."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree, html
from trafilatura import bare_extraction
from trafilatura.settings import Document

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind, TextPage
from shared.ingest.encoding import decode
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.limits import MAX_HTML_BYTES
from shared.ingest.markup import Piece, pieces_of
from shared.ingest.normal import clean
from shared.ingest.pages import PageBuilder, content_of, whole

_CHARSET = re.compile(rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
# Browsers look in the first 1024 bytes; long comments push it on.
_CHARSET_WITHIN = 4096
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_NEVER_TEXT = ("script", "style", "noscript", "template", "svg", "math", "iframe", "object", "select", "button", "textarea")
_BOILERPLATE = ("nav", "aside", "footer", "form", "dialog")
_HIDDEN_STYLE = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|opacity:0(?:\.0*)?(?:;|$)|font-size:0(?:\.0*)?(?:[a-z%]*)(?:;|$)"
    r"|(?<![\w-])(?:max-)?(?:height|width):[01]?(?:px)?(?:;|$)|text-indent:-\d{3}|(?<![\w-])(?:left|top):-\d{3}"
)
_FURNITURE = re.compile(r"<(?:nav|aside|footer|form|script|iframe)[\s>]", re.IGNORECASE)
_HARDLY_MAIN = 0.05


def layout(_: Path) -> Layout:
    """One part, without pages."""
    return Layout()


def read(path: Path, _: int) -> Extraction:
    """The whole file. Raises as `read_html`, and as `decode`."""
    return whole(read_html(content_of(path)))


def read_html(content: bytes) -> TextPage:
    """One page without a number; what a reader would not see is left out as far as the file itself says so."""
    if len(content) > MAX_HTML_BYTES:
        limit = MAX_HTML_BYTES // (1024 * 1024)
        raise RejectedFileError(
            FailureCode.TOO_LARGE, f"Web pages may have up to {limit} MB. Save the text alone, and upload that."
        )
    declared = _CHARSET.search(content[:_CHARSET_WITHIN])
    source = decode(content, declared[1].decode("ascii") if declared else None)
    root = _parse(source)
    page = PageBuilder(None)
    for kind, text, level in _chosen(root, is_web_page=_FURNITURE.search(source) is not None) if root is not None else ():
        page.add(kind, text, level)
    return page.build()


def chapter_pieces(content: bytes) -> list[Piece]:
    """The blocks of a page that is all main text, as a book's chapter is; its title is the whole book's. Raises as `decode`."""
    declared = _CHARSET.search(content[:_CHARSET_WITHIN])
    root = _parse(decode(content, declared[1].decode("ascii") if declared else None))
    body = root.find("body") if root is not None else None
    return list(pieces_of(body)) if body is not None else []


def fragment_text(source: str) -> str:
    """The visible text of a piece of HTML."""
    return "\n".join(piece.text for piece in fragment_pieces(source))


def fragment_pieces(source: str) -> list[Piece]:
    """The visible blocks of a piece of HTML."""
    root = _parse(source)
    return list(pieces_of(root)) if root is not None else []


def _parse(source: str) -> Any | None:
    """The tree without what is hidden; None where there is nothing to parse."""
    source = _DECLARATION.sub("", clean(source))
    if not source.strip():
        return None
    try:
        root = html.document_fromstring(source)
    except etree.ParserError:  # Nothing but comments, for one.
        return None
    _drop(root, _is_hidden)
    return root


def _chosen(root: Any, *, is_web_page: bool) -> Iterator[Piece]:
    """The page's title, then its main text; a document without a web page's furniture is main text from end to end."""
    found = _main(root) if is_web_page else []
    title = _title(root)
    _drop(root, lambda element: element.tag in _BOILERPLATE)
    whole = list(pieces_of(root.find("body"))) if root.find("body") is not None else []
    chosen = found if _length(found) > _HARDLY_MAIN * _length(whole) else whole
    if title and not any(piece.text == title for piece in chosen[:3]):
        yield Piece(BlockKind.HEADING, title, 1)
    yield from chosen


def _main(root: Any) -> list[Piece]:
    """What trafilatura takes for the page's own text; its tree has the tags of TEI."""
    source = html.tostring(root, encoding="unicode")
    main = bare_extraction(
        source, fast=True, favor_recall=True, include_comments=False, include_formatting=True, with_metadata=False
    )
    return list(pieces_of(main.body)) if isinstance(main, Document) else []


def _length(pieces: list[Piece]) -> int:
    return sum(len(piece.text) for piece in pieces)


def _title(root: Any) -> str:
    """The first heading of the first level, else the document's title."""
    for path in (".//h1", ".//head/title"):
        element = root.find(path)
        if element is not None and (text := " ".join(clean("".join(element.itertext())).split())):
            return text
    return ""


def _is_hidden(element: Any) -> bool:
    """Whether the element is no text or says of itself that it is not shown. Style sheets are not read."""
    if element.tag in _NEVER_TEXT or not isinstance(element.tag, str):
        return True
    # Pages hide all until a script has run.
    if element.tag in {"html", "body", "head"}:
        return False
    if element.get("hidden") is not None or (element.get("aria-hidden") == "true" and element.tag != "a"):
        return True
    style = element.get("style")
    return style is not None and _HIDDEN_STYLE.search(re.sub(r"\s+", "", style.lower())) is not None


def _drop(root: Any, unwanted: Any) -> None:
    for element in [each for each in root.iter() if each is not root and unwanted(each)]:
        if element.getparent() is not None:
            element.drop_tree()
