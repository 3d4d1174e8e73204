"""What can be seen on a slide: text beyond its edge, of no size, or white on white cannot."""

from typing import Any, NamedTuple, Self

from shared.ingest.archive import Archive
from shared.ingest.ooxml import Relation, of_kind, relations
from shared.ingest.xmlwalk import child, name_of, parse

# In hundredths of a point.
_SMALLEST_SIZE = 100
_WHITE = {"ffffff", "fefefe", "fdfdfd"}
_PAPER = {"bg1", "lt1"}
_FILLS = ("solidFill", "gradFill", "blipFill", "pattFill")


class Canvas(NamedTuple):
    """A slide's size, in the file's own units, and whether it is surely plain white with nothing painted on it."""

    width: int
    height: int
    white: bool = False

    @classmethod
    def of(cls, presentation: Any) -> Self:
        """The size that all slides have; 0 where the file does not say."""
        size = child(presentation, "sldSz")
        return cls(_whole(size, "cx"), _whole(size, "cy")) if size is not None else cls(0, 0)

    def behind(self, slide: Any, archive: Archive, related: dict[str, Relation]) -> Self:
        """The canvas of this slide: its background is its own, its layout's or its master's."""
        painted = next(slide.iter("{*}pic", "{*}graphicFrame"), None) is not None
        return self._replace(white=not painted and _is_white(_background(slide, archive, related)))


def is_off_canvas(shape: Any, canvas: Canvas) -> bool:
    """Whether the shape lies beyond the slide's edges with all that it has. In a group, places are the group's own."""
    place = child(shape, "spPr", "xfrm")
    parent = shape.getparent()
    if place is None or not canvas.width or (parent is not None and name_of(parent) == "grpSp"):
        return False
    offset, extent = child(place, "off"), child(place, "ext")
    if offset is None or extent is None:
        return False
    left, top = _whole(offset, "x"), _whole(offset, "y")
    across = left >= canvas.width or left + _whole(extent, "cx") <= 0
    return across or top >= canvas.height or top + _whole(extent, "cy") <= 0


def runs_text(paragraph: Any, shape: Any, canvas: Canvas) -> tuple[str, int]:
    """What the paragraph shows, and how many of its runs are not seen."""
    parts, hidden = [], 0
    for run in paragraph.iterchildren("{*}r", "{*}br", "{*}fld", "{*}m"):
        name = name_of(run)
        text = "\n" if name == "br" else "".join(each.text or "" for each in run.iter("{*}t"))
        if name == "r" and text.strip() and _is_unseen(child(run, "rPr"), shape, canvas):
            hidden += 1
        else:
            parts.append(text)
    return "".join(parts), hidden


def _is_unseen(properties: Any | None, shape: Any, canvas: Canvas) -> bool:
    if properties is None:
        return False
    size = properties.get("sz")
    if size is not None and size.isdecimal() and int(size) <= _SMALLEST_SIZE:
        return True
    return canvas.white and _is_white(child(properties, "solidFill")) and not _is_filled(shape)


def _is_filled(shape: Any) -> bool:
    """Whether the shape, or a cell, has or may have a colour of its own; one of a theme's style may."""
    if child(shape, "style") is not None:
        return True
    own = next(shape.iterchildren("{*}spPr", "{*}tcPr"), None)
    return own is not None and any(child(own, name) is not None for name in _FILLS)


def _background(slide: Any, archive: Archive, related: dict[str, Relation]) -> Any | None:
    """The first background of the slide, its layout and its master."""
    root: Any = slide
    for kind in ("slideLayout", "slideMaster", ""):
        found = child(root, "cSld", "bg")
        part = next(of_kind(related, kind), None)
        if found is not None or part is None or part not in archive:
            return found
        root, related = parse(archive.read(part)), relations(archive, part)
    return None


def _is_white(painted: Any | None) -> bool:
    """Whether this is a colour, or a background in one, that is white or the paper of the theme."""
    if painted is None:
        return False
    for name in ("bgPr", "bgRef", "solidFill"):
        inner = child(painted, name)
        painted = inner if inner is not None else painted
    plain, themed = child(painted, "srgbClr"), child(painted, "schemeClr")
    if plain is not None:
        return len(plain) == 0 and (plain.get("val") or "").lower() in _WHITE
    return themed is not None and len(themed) == 0 and themed.get("val") in _PAPER


def _whole(element: Any, name: str) -> int:
    written = element.get(name) or "0"
    return int(written) if written.lstrip("-").isdecimal() else 0
