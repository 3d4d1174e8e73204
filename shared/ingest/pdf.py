"""PDF by pdfium: each page's lines with where and how large they stand, composed into blocks."""

import ctypes
import math
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pypdfium2
from pypdfium2 import raw

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import TextPage
from shared.ingest.layout import Line, Style, body_style, compose, running_lines
from shared.ingest.limits import MAX_PAGE_CHARACTERS
from shared.ingest.normal import clean, squeeze
from shared.ingest.pages import PageBuilder

_NEEDS_PASSWORD = {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}
_WRAPPED_WORD = re.compile(r"(?<=[^\W\d_])[\ufffe\x02](?=[a-z\u00df-\u00ff\u0430-\u044f])")
_HYPHEN_MARK = re.compile(r"[\ufffe\x02]")


class PdfPages(NamedTuple):
    """Pages as text; `has_pictures` says that a page without text draws something."""

    pages: tuple[TextPage, ...]
    has_pictures: bool


def count_pages(path: Path) -> int:
    """How many pages the document has. Raises RejectedFileError: encrypted or corrupt."""
    with _opened(path) as document:
        return len(document)


def read_pages(path: Path, first: int, count: int) -> PdfPages:
    """Pages `first` (from 0) and on, at most `count`; one that is damaged is empty.

    Raises RejectedFileError: encrypted, too_large, or corrupt where not one of these pages opens.
    """
    with _opened(path) as document:
        numbers = range(first, min(first + count, len(document)))
        read = {number: found for number in numbers if (found := _read_page(document, number)) is not None}
    if not read:
        raise _corrupt()
    styles = body_style([line for lines, _ in read.values() for line in lines])
    running = running_lines([lines for lines, _ in read.values()])
    pages = tuple(_page(number, read[number][0] if number in read else [], styles, running) for number in numbers)
    return PdfPages(pages, any(draws and not lines for lines, draws in read.values()))


def _page(number: int, lines: list[Line], body: Style, running: frozenset[str]) -> TextPage:
    page = PageBuilder(number + 1)
    for piece in compose(lines, body, running):
        page.add(piece.kind, piece.text, piece.level)
    return page.build()


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The document, opened with the empty password: one that restricts only printing or copying opens so."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code in _NEEDS_PASSWORD:
            message = "The PDF is protected by a password. Save a copy without one, and upload that."
            raise RejectedFileError(FailureCode.ENCRYPTED, message) from error
        raise _corrupt() from error
    with closing(document):
        if len(document) == 0:
            raise _corrupt()
        yield document


def _corrupt() -> RejectedFileError:
    message = "The PDF is damaged and cannot be read. Open it, save or print it as PDF again, and upload the new file."
    return RejectedFileError(FailureCode.CORRUPT, message)


def _read_page(document: Any, number: int) -> tuple[list[Line], bool] | None:
    """The page's lines and whether it draws anything at all; None where it does not open."""
    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return None
    with closing(page):
        try:
            text_page = page.get_textpage()
        except pypdfium2.PdfiumError:
            return [], raw.FPDFPage_CountObjects(page) > 0
        with closing(text_page):
            lines = list(_lines(text_page, number))
        return lines, raw.FPDFPage_CountObjects(page) > 0


def _lines(text_page: Any, number: int) -> Iterator[Line]:
    position = 0
    for written in _text(text_page, number).split("\r\n"):
        text = _readable(written)
        if text:
            yield _line(text_page, text, position + len(written) - len(written.lstrip()), position + len(written.rstrip()) - 1)
        position += len(written) + 2


def _readable(written: str) -> str:
    """A line's text; the library marks a hyphen at a line's end, which goes where it only parted a word."""
    paired = written.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    joined = _HYPHEN_MARK.sub("-", _WRAPPED_WORD.sub("", paired))
    return squeeze(clean(joined)).replace("\n", " ").strip()


def _text(text_page: Any, number: int) -> str:
    """The page's text, one character for each UTF-16 unit, so that positions are those of the library."""
    count = raw.FPDFText_CountChars(text_page)
    if count > MAX_PAGE_CHARACTERS:
        message = f"Page {number + 1} holds more than {MAX_PAGE_CHARACTERS:,} characters. Split the file into shorter pages."
        raise RejectedFileError(FailureCode.TOO_LARGE, message)
    if count <= 0:
        return ""
    units = (ctypes.c_ushort * (count + 1))()
    written = raw.FPDFText_GetText(text_page, 0, count, units)
    return "".join(map(chr, units[: max(0, written - 1)]))


def _line(text_page: Any, text: str, first: int, last: int) -> Line:
    start = max(0, raw.FPDFText_GetCharIndexFromTextIndex(text_page, first))
    end = max(start, raw.FPDFText_GetCharIndexFromTextIndex(text_page, last))
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text_page, start, x, y)
    box, matrix = raw.FS_RECTF(), raw.FS_MATRIX()
    raw.FPDFText_GetLooseCharBox(text_page, end, box)
    raw.FPDFText_GetMatrix(text_page, start, matrix)
    scale = math.hypot(matrix.b, matrix.d) or 1.0
    weights = [raw.FPDFText_GetFontWeight(text_page, index) for index in (start, end)]
    size = raw.FPDFText_GetFontSize(text_page, start) * scale
    return Line(text, x.value, float(box.right), y.value, size, min(weights))
