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
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.layout import Line, Style, body_style, compose, running_lines
from shared.ingest.limits import MAX_PAGE_CHARACTERS, MAX_PAGES, PAGES_PER_SHARD
from shared.ingest.normal import clean, squeeze
from shared.ingest.pages import PageBuilder

_STRAY_CHARACTERS = 50  # A stamp, a page number or the name of a scanner's maker.
_PICTURE_SHARE = 0.5  # Of the page's area.
_MOST_OBJECTS = 1_000  # Of a page; a scan has a few.
_NEEDS_PASSWORD = {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}
_WRAPPED_WORD = re.compile(r"(?<=[^\W\d_])[\ufffe\x02](?=[a-z\u00df-\u00ff\u0430-\u044f])")
# No Arabic word has two alefs and then a lam.
_SWAPPED_ALEF_LAM = re.compile("\u0627([\u0622\u0623\u0625\u0627])\u0644")
_HYPHEN_MARK = re.compile(r"[\ufffe\x02]")


class PdfPages(NamedTuple):
    """Pages as text. `characters` leaves out the stray text of pages that are pictures; `has_pictures` says there are such."""

    pages: tuple[TextPage, ...]
    characters: int
    has_pictures: bool


class _Read(NamedTuple):
    lines: list[Line]
    is_picture: bool


def layout(path: Path) -> Layout:
    """Ranges of pages. Raises RejectedFileError: encrypted, corrupt or too_large."""
    with _opened(path) as document:
        pages = len(document)
    if pages > MAX_PAGES:
        message = f"The PDF has {pages:,} pages; up to {MAX_PAGES:,} can be read. Split it and upload the parts."
        raise RejectedFileError(FailureCode.TOO_LARGE, message)
    return Layout(pages=pages, shards=max(1, math.ceil(pages / PAGES_PER_SHARD)))


def read(path: Path, shard: int) -> Extraction:
    """The shard's pages; one that is damaged is empty. Raises as `read_pages`."""
    pages, characters, has_pictures = read_pages(path, shard * PAGES_PER_SHARD, PAGES_PER_SHARD)
    return Extraction(pages=pages, characters=characters, has_pictures=has_pictures)


def read_pages(path: Path, first: int, count: int) -> PdfPages:
    """Pages `first` (from 0) and on, at most `count`; one that is damaged is empty.

    Raises RejectedFileError: encrypted, too_large, or corrupt where not one of these pages opens.
    """
    with _opened(path) as document:
        numbers = range(first, min(first + count, len(document)))
        read = {number: found for number in numbers if (found := _read_page(document, number)) is not None}
    if not read:
        raise _corrupt()
    body = body_style([line for each in read.values() for line in each.lines])
    running = running_lines([each.lines for each in read.values()])
    pages = tuple(_page(number, read[number].lines if number in read else [], body, running) for number in numbers)
    pictures = {number for number, each in read.items() if each.is_picture}
    characters = sum(len(page.text) for number, page in zip(numbers, pages, strict=True) if number not in pictures)
    return PdfPages(pages, characters, bool(pictures))


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


def _read_page(document: Any, number: int) -> _Read | None:
    """The page's lines and whether it is a picture; None where it does not open."""
    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return None
    with closing(page):
        lines = _lines(page, number)
        return _Read(lines, _is_picture(page, sum(len(line.text) for line in lines)))


def _is_picture(page: Any, characters: int) -> bool:
    """Whether the page says next to nothing, and draws something (where it says nothing) or one image over most of it."""
    drawn = raw.FPDFPage_CountObjects(page)
    if characters == 0 or characters >= _STRAY_CHARACTERS:
        return characters == 0 and drawn > 0
    area = raw.FPDF_GetPageWidthF(page) * raw.FPDF_GetPageHeightF(page)
    objects = (raw.FPDFPage_GetObject(page, number) for number in range(min(drawn, _MOST_OBJECTS)))
    return any(_image_area(each) >= _PICTURE_SHARE * area for each in objects)


def _image_area(drawn: Any) -> float:
    """The area of an image, or of a form, in which scanners wrap theirs; 0 for anything else."""
    if raw.FPDFPageObj_GetType(drawn) not in {raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM}:
        return 0.0
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    raw.FPDFPageObj_GetBounds(drawn, left, bottom, right, top)
    return float((right.value - left.value) * (top.value - bottom.value))


def _lines(page: Any, number: int) -> list[Line]:
    """The page's lines that say anything; none where the library finds no text at all."""
    try:
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        return []
    with closing(text_page):
        return list(_written_lines(text_page, number))


def _written_lines(text_page: Any, number: int) -> Iterator[Line]:
    position = 0
    for written in _text(text_page, number).split("\r\n"):
        if text := _readable(written):
            yield _line(text_page, text, position + len(written) - len(written.lstrip()), position + len(written.rstrip()) - 1)
        position += len(written) + 2


def _readable(written: str) -> str:
    """A line's text. The library marks a hyphen at a line's end, which goes where it only parted a word, and takes the two
    letters of a lam-alef ligature in the wrong order.
    """
    paired = written.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    joined = _HYPHEN_MARK.sub("-", _WRAPPED_WORD.sub("", paired))
    return _SWAPPED_ALEF_LAM.sub("\u0627\u0644\\1", squeeze(clean(joined))).replace("\n", " ").strip()


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
