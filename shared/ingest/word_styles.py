"""What the styles and lists of a Word document say of a paragraph: heading or not, numbered how, hidden or seen."""

import re
from typing import Any, NamedTuple

from shared.ingest.look import Look
from shared.ingest.ooxml import is_on
from shared.ingest.xmlwalk import attribute, child

_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)
_TITLE_NAME = "title"
_DEEPEST_HEADING = 6
_BODY_LEVEL = 9
_MOST_BASES = 20
# In half points: smaller is a dot, not a letter.
_SMALLEST_SIZE = 2
_WHITE = {"ffffff", "fefefe", "fdfdfd"}
_UNFILLED = {"auto", "ffffff", ""}
_MOST_NUMBER = 100_000
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"))
_ROMAN_LOW = ((5, "v"), (4, "iv"), (1, "i"))


class Style(NamedTuple):
    """A named style, its bases included."""

    level: int = 0
    numbering: tuple[str, int] | None = None
    look: Look = Look()


class Styles:
    """The styles of a document by id."""

    def __init__(self, root: Any | None) -> None:
        self._elements = {} if root is None else {attribute(each, "styleId"): each for each in root.iterchildren("{*}style")}
        self._known: dict[str | None, Style] = {None: Style()}

    def of(self, style_id: str | None) -> Style:
        """The style, or an empty one where there is none of the id."""
        if style_id not in self._known:
            chain: list[Any] = []
            current = style_id
            while current in self._elements and len(chain) < _MOST_BASES:
                chain.append(self._elements[current])
                current = value_of(child(chain[-1], "basedOn"))
            style = Style()
            for element in reversed(chain):
                style = _applied(element, style)
            self._known[style_id] = style
        return self._known[style_id]


def _applied(element: Any, base: Style) -> Style:
    properties = child(element, "pPr")
    name = value_of(child(element, "name")) or ""
    own = heading_level(properties)
    named = _HEADING_NAME.fullmatch(name)
    level = (
        min(_DEEPEST_HEADING, int(named[1]))
        if named
        else 1
        if name.lower() == _TITLE_NAME
        else base.level
        if own is None
        else own
    )
    return Style(level, numbering_of(properties, base.numbering), look_of(child(element, "rPr"), properties).over(base.look))


def heading_level(properties: Any | None) -> int | None:
    """The level that paragraph properties give: 1 to 6, 0 for body text, None where they say nothing."""
    written = value_of(child(properties, "outlineLvl")) if properties is not None else None
    if written is None or not written.isdecimal():
        return None
    return 0 if int(written) >= _BODY_LEVEL else min(_DEEPEST_HEADING, int(written) + 1)


def numbering_of(properties: Any | None, base: tuple[str, int] | None) -> tuple[str, int] | None:
    """The list and the level in it that paragraph properties name."""
    numbered = child(properties, "numPr") if properties is not None else None
    if numbered is None:
        return base
    number = value_of(child(numbered, "numId")) or (base[0] if base else None)
    level = value_of(child(numbered, "ilvl")) or "0"
    return (number, int(level)) if number and level.isdecimal() else None


def look_of(run: Any | None, paragraph: Any | None = None) -> Look:
    """How run properties set text, over the shading of its paragraph."""
    filled = True if _is_filled(run) or _is_filled(paragraph) else None
    if run is None:
        return Look(filled=filled)
    vanish, size, color = child(run, "vanish"), value_of(child(run, "sz")), value_of(child(run, "color"))
    hidden = is_on(vanish) if vanish is not None else None
    if size is not None and size.isdecimal() and int(size) <= _SMALLEST_SIZE:
        hidden = True
    return Look(hidden, None if color is None else color.lower() in _WHITE, filled)


def _is_filled(properties: Any | None) -> bool:
    """Whether there is shading or highlighting of another colour than white."""
    if properties is None:
        return False
    shade, highlight = child(properties, "shd"), value_of(child(properties, "highlight"))
    fill = (attribute(shade, "fill") or "").lower() if shade is not None else ""
    themed = shade is not None and attribute(shade, "themeFill") is not None
    return fill not in _UNFILLED or themed or (highlight or "none") not in {"none", "white"}


def value_of(element: Any | None) -> str | None:
    """The element's `val`, in which most properties are written."""
    return attribute(element, "val") if element is not None else None


class _Level(NamedTuple):
    form: str
    text: str
    start: int


class Numbering:
    """The lists of a document; counts as it is asked, in reading order."""

    def __init__(self, root: Any | None) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}
        self._lists: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = {}
        if root is None:
            return
        for abstract in root.iterchildren("{*}abstractNum"):
            levels = {int(attribute(each, "ilvl") or 0): _level(each) for each in abstract.iterchildren("{*}lvl")}
            self._levels[attribute(abstract, "abstractNumId") or ""] = levels
        for number in root.iterchildren("{*}num"):
            self._lists[attribute(number, "numId") or ""] = value_of(child(number, "abstractNumId")) or ""

    def marker(self, number: str, level: int) -> str | None:
        """What stands before the next item of the list: a dash for a bullet; None where the list is none."""
        if number not in self._lists:
            return None
        levels = self._levels.get(self._lists[number], {})
        here = levels.get(level)
        if here is None or here.form == "bullet":
            return "-"
        # Lists that go on from each other share the definition; one that starts anew has a number of its own.
        counts = self._counts.setdefault(number, {})
        counts[level] = min(_MOST_NUMBER, counts.get(level, here.start - 1) + 1)
        for deeper in [each for each in counts if each > level]:
            del counts[deeper]
        return re.sub(r"%(\d)", lambda match: _written(levels, counts, int(match[1]) - 1), here.text).strip()


def _level(element: Any) -> _Level:
    start = value_of(child(element, "start")) or "1"
    return _Level(
        value_of(child(element, "numFmt")) or "decimal",
        value_of(child(element, "lvlText")) or "",
        min(_MOST_NUMBER, int(start)) if start.isdecimal() else 1,
    )


def _written(levels: dict[int, _Level], counts: dict[int, int], level: int) -> str:
    described = levels.get(level, _Level("decimal", "", 1))
    count = counts.get(level, described.start)
    match described.form:
        case "lowerLetter" | "upperLetter":
            letter = chr(ord("a") + (count - 1) % 26) * (1 + (count - 1) // 26 % 9)
            return letter.upper() if described.form == "upperLetter" else letter
        case "lowerRoman" | "upperRoman":
            return _roman(count).upper() if described.form == "upperRoman" else _roman(count)
        case "none":
            return ""
        case _:
            return str(count)


def _roman(count: int) -> str:
    written, left = "", count % 4000
    for value, letters in (*_ROMAN, *_ROMAN_LOW):
        times, left = divmod(left, value)
        written += letters * times
    return written
