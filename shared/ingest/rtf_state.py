"""What RTF's control words change: the look of the text to come, and the tables of fonts, colours and styles."""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

from shared.ingest.rtf_tokens import code_page

_DEEPEST_HEADING = 6
_BODY_LEVEL = 9
_SMALLEST_SIZE = 2  # In half points.
_WHITE = (255, 255, 255)
_MOST_NAME_BYTES = 100
_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)
WESTERN = "cp1252"
"""The encoding of a file that names none."""


@dataclass
class State:
    """What a group begins with from the one around it; `place` is the destination that its text goes to."""

    place: str = ""
    skipped: bool = False
    hidden: bool = False
    deleted: bool = False
    tiny: bool = False
    colour: int = 0
    painted: bool = False
    encoding: str = WESTERN
    fallback: int = 1
    in_table: bool = False
    level: int = 0
    boxed: bool = False


class Tables:
    """Fonts by their encoding, colours, and the heading levels of styles, as the head of a file defines them."""

    def __init__(self) -> None:
        self.fonts: dict[int, str | None] = {}
        self.levels: dict[int, int] = {}
        self._colours: list[tuple[int, int, int]] = []
        self._mixed = {"red": 0, "green": 0, "blue": 0}
        self._current = 0
        self._name = bytearray()

    def is_white(self, colour: int) -> bool:
        """Whether the colour of this number is white; 0 is the reader's own."""
        return 0 < colour < len(self._colours) and self._colours[colour] == _WHITE

    def word(self, table: str, word: str, number: int) -> None:
        """A control word in a table."""
        if word in {"f", "s"}:
            self._current = number
            self._name.clear()
        elif word == "fcharset":
            self.fonts[self._current] = code_page(number)
        elif word == "outlinelevel" and table == "stylesheet":
            self.levels[self._current] = heading_level(number)
        elif word in self._mixed:
            self._mixed[word] = number

    def text(self, table: str, content: bytes) -> None:
        """Text in a table: names, and the signs that end an entry."""
        if table == "colortbl" and b";" in content:
            self._colours.append((self._mixed["red"], self._mixed["green"], self._mixed["blue"]))
            self._mixed = dict.fromkeys(self._mixed, 0)
        elif table == "stylesheet":
            self._name = (self._name + content)[-_MOST_NAME_BYTES:]
            named = _HEADING_NAME.search(self._name.decode("latin-1"))
            if named and b";" in content:
                self.levels.setdefault(self._current, min(_DEEPEST_HEADING, max(1, int(named[1]))))


def heading_level(number: int | None) -> int:
    """A heading's level by its outline level, which counts from 0; 0 for body text."""
    return 0 if number is None or not 0 <= number < _BODY_LEVEL else min(_DEEPEST_HEADING, number + 1)


def encoding_of(number: int) -> str:
    """The encoding of a code page's number."""
    try:
        return codecs.lookup(f"cp{number}").name
    except LookupError:
        return WESTERN


def _switch(name: str) -> Callable[[State, int | None], None]:
    """A setting that is on by itself, and off with a 0."""

    def apply(state: State, number: int | None) -> None:
        setattr(state, name, number != 0)

    return apply


def _size(state: State, number: int | None) -> None:
    state.tiny = number is not None and number <= _SMALLEST_SIZE


def _colour(state: State, number: int | None) -> None:
    state.colour = number or 0


def _fallback(state: State, number: int | None) -> None:
    state.fallback = 1 if number is None else max(0, number)


def _paragraph(state: State, _: int | None) -> None:
    state.in_table, state.level = False, 0


def _outline(state: State, number: int | None) -> None:
    state.level = heading_level(number)


SETTINGS: dict[str, Callable[[State, int | None], None]] = {
    "v": _switch("hidden"),
    "deleted": _switch("deleted"),
    "intbl": _switch("in_table"),
    "highlight": _switch("painted"),
    "cb": _switch("painted"),
    "chcbpat": _switch("painted"),
    "cbpat": _switch("painted"),
    "fs": _size,
    "cf": _colour,
    "uc": _fallback,
    "pard": _paragraph,
    "outlinelevel": _outline,
}
"""The words that set something for the text to come."""
