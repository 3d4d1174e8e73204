"""What the styles of an OpenDocument file say: which lists are numbered, which text is hidden, how large a slide is."""

import re
from typing import Any

from shared.ingest.look import Look
from shared.ingest.xmlwalk import attribute, child, name_of

_MOST_BASES = 20
_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)(cm|mm|in|pt|pc|px)?")
_POINTS = {"cm": 28.35, "mm": 2.835, "in": 72.0, "pt": 1.0, "pc": 12.0, "px": 0.75, None: 1.0}
_WHITE = {"#ffffff", "#fefefe", "#fdfdfd"}
_UNFILLED = {"transparent", *_WHITE, ""}
_SMALLEST_SIZE = 1.0
STYLE_NAMES = frozenset({"style", "list-style", "page-layout-properties"})
"""The elements that `Looks.take` wants."""


class Looks:
    """The styles met so far; automatic ones stand before the text that they set."""

    def __init__(self) -> None:
        self._own: dict[str, tuple[Look, str | None]] = {}
        self._numbered: dict[str, frozenset[int]] = {}
        self.page_size = (0.0, 0.0)

    def take(self, element: Any) -> None:
        """Learn a style, a list or a size."""
        match name_of(element):
            case "style":
                self._own[attribute(element, "name") or ""] = (_look(element), attribute(element, "parent-style-name"))
            case "list-style":
                levels = (int(attribute(each, "level") or 1) for each in element.iterchildren("{*}list-level-style-number"))
                self._numbered[attribute(element, "name") or ""] = frozenset(levels)
            case _:
                size = points(attribute(element, "page-width")), points(attribute(element, "page-height"))
                self.page_size = max(self.page_size[0], size[0]), max(self.page_size[1], size[1])

    def of(self, name: str | None) -> Look:
        """How the style sets text, its parents included."""
        look = Look()
        for _ in range(_MOST_BASES):
            if name not in self._own:
                return look
            own, name = self._own[name]
            look = look.over(own)
        return look

    def is_numbered(self, name: str | None, level: int) -> bool:
        """Whether the list's items of this level, from 1, have numbers."""
        return level in self._numbered.get(name or "", frozenset())


def points(written: str | None) -> float:
    """A length in points; 0 for what is none."""
    match = _LENGTH.fullmatch((written or "").strip())
    return float(match[1]) * _POINTS[match[2]] if match else 0.0


def _look(style: Any) -> Look:
    page = child(style, "drawing-page-properties")
    unseen = page is not None and attribute(page, "visibility") == "hidden"
    text = child(style, "text-properties")
    boxes = (text, *(child(style, f"{name}-properties") for name in ("paragraph", "table-cell", "graphic")))
    filled = any(_is_filled(each) for each in boxes if each is not None) or None
    if text is None:
        return Look(unseen or None, None, filled)
    display, size, color = (attribute(text, name) for name in ("display", "font-size", "color"))
    tiny = size is not None and "%" not in size and points(size) <= _SMALLEST_SIZE
    hidden = True if unseen or tiny or display == "none" else False if display is not None else None
    return Look(hidden, None if color is None else color.lower() in _WHITE, filled)


def _is_filled(properties: Any) -> bool:
    fill = (attribute(properties, "background-color") or "").lower()
    return fill not in _UNFILLED or attribute(properties, "fill") not in {None, "none"}
