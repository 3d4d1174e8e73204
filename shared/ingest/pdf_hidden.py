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
        self._page, self._text_page = page.raw, text_page.raw
        self._known: dict[int, bool] = {}
        self._covers: list[tuple[_Box, bool]] | None = None
        self._written = raw.FS_RECTF()
        self._bounds = tuple(ctypes.c_float() for _ in range(4))
        self._colour = tuple(ctypes.c_uint() for _ in range(4))
        raw.FPDF_GetPageBoundingBox(self._page, self._written)
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
        if mode in _UNPAINTED or self._is_of_paper(drawn, stroked=mode in _STROKED):
            return True
        if not raw.FPDFPageObj_GetBounds(drawn, *box):
            return True
        left, bottom, right, top = (side.value for side in box)
        # A full stop is small too, in a font that is not.
        is_small = min(right - left, top - bottom) < _SMALLEST and _font_size(drawn) < _SMALLEST
        return is_small or left < edge.left or bottom < edge.bottom or right > edge.right or top > edge.top

    def hidden_places(self, words: Iterable[tuple[int, int]]) -> Iterator[int]:
        """Which units of the page's text are hidden, of words from their start up to, not with, their end.

        A word whose middle is seen is seen: orders are sentences. What is longer is one of a script without spaces.
        """
        for start, end in words:
            if end - start > _LONGEST_WORD or self._is_hidden_at((start + end) // 2):
                yield from filter(self._is_hidden_at, range(start, end))

    def _is_hidden_at(self, place: int) -> bool:
        """What the library put in between, such as a hyphen, is not."""
        index = raw.FPDFText_GetCharIndexFromTextIndex(self._text_page, place)
        drawn = raw.FPDFText_GetTextObject(self._text_page, index)
        if not drawn:
            return False
        # Of each character by itself: a line may begin beside the page and go on within it.
        box = self._box(index)
        is_small = box.right - box.left < _SMALLEST and box.top - box.bottom < _SMALLEST
        if self._is_outside(box) or (is_small and self._size(index) < _SMALLEST):
            return True
        address = ctypes.addressof(drawn.contents)
        if address not in self._known:
            self._known[address] = self._is_unseen(drawn, box)
        return self._known[address]

    def _box(self, index: int) -> _Box:
        box = self._written
        if not raw.FPDFText_GetLooseCharBox(self._text_page, index, box):
            return self._edge
        left, bottom, right, top = box.left, box.bottom, box.right, box.top
        if left <= right and bottom <= top:
            return _Box(left, bottom, right, top)
        return _Box(min(left, right), min(bottom, top), max(left, right), max(bottom, top))

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

    def _is_unseen(self, drawn: Any, box: _Box) -> bool:
        """Whether the text object is not painted, or in the paper's colour with nothing under its character in the box."""
        mode = raw.FPDFTextObj_GetTextRenderMode(drawn)
        is_unpainted = mode in _UNPAINTED
        if not is_unpainted and not self._is_of_paper(drawn, stroked=mode in _STROKED):
            return False
        x, y = (box.left + box.right) / 2, (box.bottom + box.top) / 2
        return not any(under.holds(x, y) for under, is_picture in self._under() if is_picture or not is_unpainted)

    def _under(self) -> list[tuple[_Box, bool]]:
        """What is drawn in another colour than the paper's, and whether it is a picture."""
        if self._covers is None:
            count = min(raw.FPDFPage_CountObjects(self._page), _MOST_COVERS)
            self._covers = list(self._covering(raw.FPDFPage_GetObject(self._page, number) for number in range(count)))
        return self._covers

    def _covering(self, objects: Iterator[Any]) -> Iterator[tuple[_Box, bool]]:
        for drawn in objects:
            kind = raw.FPDFPageObj_GetType(drawn)
            if kind == raw.FPDF_PAGEOBJ_TEXT or (kind == raw.FPDF_PAGEOBJ_PATH and not self._is_filled(drawn)):
                continue
            if raw.FPDFPageObj_GetBounds(drawn, *self._bounds):
                yield _Box(*(side.value for side in self._bounds)), kind in _PICTURES

    def _is_filled(self, path: Any) -> bool:
        """Whether the path is filled with another colour than the paper's."""
        mode, stroked = ctypes.c_int(), ctypes.c_int()
        raw.FPDFPath_GetDrawMode(path, mode, stroked)
        return mode.value != raw.FPDF_FILLMODE_NONE and not self._is_of_paper(path, stroked=False)

    def _is_of_paper(self, drawn: Any, *, stroked: bool) -> bool:
        """Whether it is painted white, or so faint that nothing is seen; a pattern is neither."""
        getter = raw.FPDFPageObj_GetStrokeColor if stroked else raw.FPDFPageObj_GetFillColor
        if not getter(drawn, *self._colour):
            return False
        red, green, blue, alpha = self._colour
        return alpha.value < _FAINTEST or (red.value >= _WHITEST and green.value >= _WHITEST and blue.value >= _WHITEST)


def _font_size(drawn: Any) -> float:
    """In points, as it is set on the page."""
    size, matrix = ctypes.c_float(), raw.FS_MATRIX()
    raw.FPDFTextObj_GetFontSize(drawn, size)
    raw.FPDFPageObj_GetMatrix(drawn, matrix)
    return float(size.value) * (math.hypot(matrix.b, matrix.d) or 1.0)
