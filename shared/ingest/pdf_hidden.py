"""Text that a PDF holds and nobody sees: written in no colour, in that of the paper, too small, or beside the page.

Text that is never painted is what OCR lays over a scan, and stays where a picture lies under it.
"""

import ctypes
import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pypdfium2 import raw

_SMALLEST = 1.0  # In points: smaller is a dot, not a letter.
_WHITEST = 250
_FAINTEST = 10
_LONGEST_WORD = 24
_MOST_COVERS = 20_000  # Objects of a page that are looked at for what lies under a text.
_UNPAINTED = {raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP}
_STROKED = {raw.FPDF_TEXTRENDERMODE_STROKE, raw.FPDF_TEXTRENDERMODE_STROKE_CLIP}
_PICTURES = {raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM}


class _Box(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.bottom <= y <= self.top


class HiddenText:
    """Which characters of one page are hidden.

    Some files draw each letter by itself, so that every call to the library counts: a text object is looked at once, and what
    the library writes to is made once.
    """

    def __init__(self, page: Any, text_page: Any) -> None:
        self._page, self._text_page = page, text_page
        self._known: dict[int, bool] = {}
        self._covers: list[tuple[_Box, bool]] | None = None
        self._written = raw.FS_RECTF()
        self._bounds = tuple(ctypes.c_float() for _ in range(4))
        raw.FPDF_GetPageBoundingBox(page, self._written)
        self._edge = _Box(self._written.left, self._written.bottom, self._written.right, self._written.top)

    def may_hide(self, words: int) -> bool:
        """Whether any text of the page may be hidden, told by its objects where these are fewer than its words.

        What stands in a form has a place that its own matrix decides, and is looked at by itself.
        """
        count = raw.FPDFPage_CountObjects(self._page)
        return count > words or any(self._may_be_hidden(raw.FPDFPage_GetObject(self._page, number)) for number in range(count))

    def _may_be_hidden(self, drawn: Any) -> bool:
        kind = raw.FPDFPageObj_GetType(drawn)
        if kind != raw.FPDF_PAGEOBJ_TEXT:
            return bool(kind == raw.FPDF_PAGEOBJ_FORM)
        mode, box, edge = raw.FPDFTextObj_GetTextRenderMode(drawn), self._bounds, self._edge
        if mode in _UNPAINTED or _is_of_paper(drawn, stroked=mode in _STROKED):
            return True
        if not raw.FPDFPageObj_GetBounds(drawn, *box):
            return True
        left, bottom, right, top = (side.value for side in box)
        # A full stop is small too, in a font that is not.
        is_small = min(right - left, top - bottom) < _SMALLEST and _font_size(drawn) < _SMALLEST
        return is_small or left < edge.left or bottom < edge.bottom or right > edge.right or top > edge.top

    def hidden_places(self, start: int, end: int) -> Iterable[int]:
        """Which units of a word in the page's text are hidden.

        A word that begins and ends seen is seen, and so is its opposite: orders are sentences. What is longer is one of a script
        without spaces.
        """
        first, last = self._is_hidden_at(start), self._is_hidden_at(end - 1)
        places = range(start, end)
        if first == last and len(places) <= _LONGEST_WORD:
            return places if first else ()
        return [place for place in places if self._is_hidden_at(place)]

    def _is_hidden_at(self, place: int) -> bool:
        """What the library put in between, such as a hyphen, is not."""
        index = raw.FPDFText_GetCharIndexFromTextIndex(self._text_page, place)
        drawn = raw.FPDFText_GetTextObject(self._text_page, index)
        if not drawn:
            return False
        # Of each character by itself: a line may begin beside the page and go on within it.
        box = self._box(index)
        is_small = max(box.right - box.left, box.top - box.bottom) < _SMALLEST
        if self._is_outside(box) or (is_small and self._size(index) < _SMALLEST):
            return True
        address = ctypes.addressof(drawn.contents)
        if address not in self._known:
            self._known[address] = self._is_unseen(drawn, (box.left + box.right) / 2, (box.bottom + box.top) / 2)
        return self._known[address]

    def _box(self, index: int) -> _Box:
        box = self._written
        if not raw.FPDFText_GetLooseCharBox(self._text_page, index, box):
            return self._edge
        return _Box(min(box.left, box.right), min(box.bottom, box.top), max(box.left, box.right), max(box.bottom, box.top))

    def _is_outside(self, box: _Box) -> bool:
        """Whether the character does not touch the page, which is what its crop box leaves."""
        edge = self._edge
        return box.right < edge.left or box.left > edge.right or box.top < edge.bottom or box.bottom > edge.top

    def _size(self, index: int) -> float:
        """In points: a font's own size says nothing without the matrix that it is set with."""
        matrix = raw.FS_MATRIX()
        raw.FPDFText_GetMatrix(self._text_page, index, matrix)
        scale = math.hypot(matrix.b, matrix.d) or 1.0
        return float(raw.FPDFText_GetFontSize(self._text_page, index)) * scale

    def _is_unseen(self, drawn: Any, x: float, y: float) -> bool:
        """Whether the text object is not painted, or in the paper's colour with nothing under it."""
        mode = raw.FPDFTextObj_GetTextRenderMode(drawn)
        if mode in _UNPAINTED:
            return not any(is_picture and box.holds(x, y) for box, is_picture in self._under())
        if not _is_of_paper(drawn, stroked=mode in _STROKED):
            return False
        return not any(box.holds(x, y) for box, _ in self._under())

    def _under(self) -> list[tuple[_Box, bool]]:
        """What is drawn in another colour than the paper's, and whether it is a picture."""
        if self._covers is None:
            count = min(raw.FPDFPage_CountObjects(self._page), _MOST_COVERS)
            self._covers = list(_covers(raw.FPDFPage_GetObject(self._page, number) for number in range(count)))
        return self._covers


def _font_size(drawn: Any) -> float:
    """In points, as it is set on the page."""
    size, matrix = ctypes.c_float(), raw.FS_MATRIX()
    raw.FPDFTextObj_GetFontSize(drawn, size)
    raw.FPDFPageObj_GetMatrix(drawn, matrix)
    return float(size.value) * (math.hypot(matrix.b, matrix.d) or 1.0)


def _covers(objects: Iterator[Any]) -> Iterator[tuple[_Box, bool]]:
    for drawn in objects:
        kind = raw.FPDFPageObj_GetType(drawn)
        if kind == raw.FPDF_PAGEOBJ_TEXT or (kind == raw.FPDF_PAGEOBJ_PATH and not _is_filled(drawn)):
            continue
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        if raw.FPDFPageObj_GetBounds(drawn, left, bottom, right, top):
            yield _Box(left.value, bottom.value, right.value, top.value), kind in _PICTURES


def _is_filled(path: Any) -> bool:
    """Whether the path is filled with another colour than the paper's."""
    mode, stroked = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(path, mode, stroked)
    return mode.value != raw.FPDF_FILLMODE_NONE and not _is_of_paper(path, stroked=False)


def _is_of_paper(drawn: Any, *, stroked: bool) -> bool:
    """Whether it is painted white, or so faint that nothing is seen; a pattern is neither."""
    red, green, blue, alpha = ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
    getter = raw.FPDFPageObj_GetStrokeColor if stroked else raw.FPDFPageObj_GetFillColor
    if not getter(drawn, red, green, blue, alpha):
        return False
    return alpha.value < _FAINTEST or min(red.value, green.value, blue.value) >= _WHITEST
