"""PDF by pdfium: each page's lines with where and how large they stand, composed into blocks."""

import ctypes
import math
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pypdfium2
from pypdfium2 import raw

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind, TextPage
from shared.ingest.embedded import left_out
from shared.ingest.extraction import Extraction, Layout, Picture
from shared.ingest.layout import Line, Style, body_style, compose, running_lines
from shared.ingest.limits import MAX_PAGE_CHARACTERS, MAX_PAGES, PAGES_PER_SHARD, SHOWN_SIDE
from shared.ingest.normal import clean, squeeze
from shared.ingest.pages import PageBuilder
from shared.ingest.pdf_forms import filled_fields
from shared.ingest.pdf_hidden import HiddenText
from shared.ingest.seen import page_numbers

_STRAY_CHARACTERS = 50  # A stamp, a page number or the name of a scanner's maker.
_PICTURE_SHARE = 0.5  # Of the page's area.
_MOST_OBJECTS = 1_000  # Of a page; a scan has a few.
_DRAWN_DPI = 200
_BLANK = f"{string.whitespace}\x00"
_NEEDS_PASSWORD = {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}
_WRAPPED_WORD = re.compile(r"(?<=[^\W\d_])[\ufffe\x02](?=[a-z\u00df-\u00ff\u0430-\u044f])")
# No Arabic word has two alefs and then a lam.
_SWAPPED_ALEF_LAM = re.compile("\u0627([\u0622\u0623\u0625\u0627])\u0644")
_WORD = re.compile(r"\S+")
_HYPHEN_MARK = re.compile(r"[\ufffe\x02]")


class PdfPages(NamedTuple):
    """Pages as text. `characters` leaves out the stray text of pages that are pictures; `unseen` are the numbers of these."""

    pages: tuple[TextPage, ...]
    characters: int
    unseen: tuple[int, ...]
    notes: tuple[str, ...] = ()


class _Read(NamedTuple):
    lines: list[Line]
    is_picture: bool
    fields: list[str]
    hidden: int


_DAMAGED = _Read([], is_picture=False, fields=[], hidden=0)


class _Text(NamedTuple):
    """A page's text as the library writes it, with what is hidden as zeros, and how many characters these are."""

    written: str
    hidden: int = 0


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
    found = read_pages(path, shard * PAGES_PER_SHARD, PAGES_PER_SHARD)
    pictures = {"has_pictures": bool(found.unseen), "unseen": found.unseen}
    return Extraction(pages=found.pages, characters=found.characters, notes=found.notes, **pictures)


def draw(path: Path, pages: Sequence[int]) -> tuple[Picture, ...]:
    """Pages as pictures of bounded size; one that does not open is left out. Raises RejectedFileError: encrypted or corrupt."""
    from shared.ingest.showing import written  # noqa: PLC0415 - Most files are read without drawing.

    with _opened(path) as document:
        _show_forms(document)
        drawn = ((number, _drawn(document, number)) for number in pages)
        return tuple(written(image, number, path.parent) for number, image in drawn if image is not None)


def _drawn(document: Any, number: int) -> Any | None:
    try:
        page = document[number - 1]
    except pypdfium2.PdfiumError:
        return None
    with closing(page):
        longer = max(page.get_size())
        if longer <= 0:
            return None
        return page.render(scale=min(_DRAWN_DPI / 72, SHOWN_SIDE / longer)).to_pil()


def read_pages(path: Path, first: int, count: int) -> PdfPages:
    """Pages `first` (from 0) and on, at most `count`; one that is damaged is empty.

    Raises RejectedFileError: encrypted, too_large, or corrupt where not one of these pages opens.
    """
    with _opened(path) as document:
        _show_forms(document)
        numbers = range(first, min(first + count, len(document)))
        read = {number: found for number in numbers if (found := _read_page(document, number)) is not None}
        attached = left_out(raw.FPDFDoc_GetAttachmentCount(document), "attached to the PDF") if first == 0 else ()
    if not read:
        raise _corrupt()
    body = body_style([line for each in read.values() for line in each.lines])
    running = running_lines([each.lines for each in read.values()])
    pages = tuple(_page(number, read.get(number, _DAMAGED), body, running) for number in numbers)
    pictures = {number for number, each in read.items() if each.is_picture}
    characters = sum(len(page.text) for number, page in zip(numbers, pages, strict=True) if number not in pictures)
    return PdfPages(pages, characters, tuple(number + 1 for number in sorted(pictures)), (*_notes(read), *attached))


def _page(number: int, read: _Read, body: Style, running: frozenset[str]) -> TextPage:
    page = PageBuilder(number + 1)
    for piece in compose(read.lines, body, running):
        page.add(piece.kind, piece.text, piece.level)
    # Behind the text: where a field stands says little without the lines around it.
    page.add(BlockKind.PARAGRAPH, "\n".join(read.fields))
    return page.build()


def _notes(read: Mapping[int, _Read]) -> tuple[str, ...]:
    hidden = {number + 1: each.hidden for number, each in read.items() if each.hidden}
    if not hidden:
        return ()
    where = page_numbers(list(hidden))
    return (f"Left out, since nobody who looks at the file sees it: {sum(hidden.values()):,} characters on {where}.",)


def _show_forms(document: Any) -> None:
    """Makes fields readable; a form that is broken is as none."""
    with suppress(pypdfium2.PdfiumError):
        document.init_forms()


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
        lines, hidden = _lines(page, number)
        fields = [text for field in filled_fields(document, page) if (text := squeeze(clean(field)))]
        characters = sum(map(len, fields)) + sum(len(line.text) for line in lines)
        return _Read(lines, _is_picture(page, characters), fields, hidden)


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


def _lines(page: Any, number: int) -> tuple[list[Line], int]:
    """The page's lines that say anything, none where the library finds no text at all; and how many characters are hidden."""
    try:
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        return [], 0
    with closing(text_page):
        text = _seen(page, text_page, _text(text_page, number))
        return list(_written_lines(text_page, text.written)), text.hidden


def _seen(page: Any, text_page: Any, written: str) -> _Text:
    """The text with zeros for what nobody sees, so that positions stay those of the library."""
    look, words = HiddenText(page, text_page), [word.span() for word in _WORD.finditer(written)]
    hidden = list(look.hidden_places(words)) if look.may_hide(len(words)) else []
    if not hidden:
        return _Text(written)
    units = list(written)
    for place in hidden:
        units[place] = "\x00"
    return _Text("".join(units), len(hidden))


def _written_lines(text_page: Any, written: str) -> Iterator[Line]:
    position = 0
    for line in written.split("\r\n"):
        if text := _readable(line):
            yield _line(text_page, text, position + len(line) - len(line.lstrip(_BLANK)), position + len(line.rstrip(_BLANK)) - 1)
        position += len(line) + 2


def _readable(written: str) -> str:
    """A line's text. The library marks a hyphen at a line's end, which goes where it only parted a word, and takes the two
    letters of a lam-alef ligature in the wrong order.
    """
    if written.isascii() and written.isprintable():
        return squeeze(written)
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
    turn = round(math.atan2(matrix.b, matrix.a) / (math.pi / 2)) % 4
    return Line(text, x.value, float(box.right), y.value, size, min(weights), turn)
