"""Lines on a page to blocks of text, by distance, size, weight and indent, as a reader's eye parts them."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from shared.domain.page import BlockKind

_LONGEST_HEADING = 160
_MOST_HEADING_LINES = 3
_HEADING_LEVELS = ((1.8, 1), (1.4, 2), (1.12, 3))  # By size relative to the body's.
_BOLD_LEVEL = 4
_BOLDER = 80  # pdfium estimates weights; regular and bold of one family differ by 100 or more.
_FARTHER = 1.3
_TABLE_FARTHER = 3.0
_INDENT = 0.8  # Of the size.
# Of the size: superscripts and cells stand a little off.
_SAME_LINE = 0.4
# In sizes: nearer is the same line, farther another block.
_USUAL_GAPS = (0.5, 3.0)
_OTHER_SIZE = 0.08
# Bold that is smaller than this is a note, not a heading.
_NOTE = 0.9
_FEWEST_LETTERS = 2
_FEWEST_FIGURES = 2
# Of the widest line of the block: what ends before was broken on purpose.
_SHORT = 0.8
_EDGE_LINES = 2
_RUNNING_PAGES = 3
_DOT = re.compile(r"[\u2022\u25aa\u25cf\u25cb\u25e6\u2023\u2043\u2013*\u00b7-]\s+\S")
_BULLET = re.compile(rf"{_DOT.pattern}|(?:\(?(?:\d{{1,2}}|[a-zA-Z])[.)]|\([ivx]+\))\s+\S")
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){1,4})\.?\s+[^\W\d_]")
_NUMBER = re.compile(r"[($\u20ac\u00a3+\u2212-]*\d[\d,.]*[)%]*|[\u2014\u2013-]|[$\u20ac\u00a3]")
_ENDED = re.compile(r"[.!?:;\u3002\uff01\uff1f\u2026][\"'\u201d\u2019)\]]*$")
_LETTERS = re.compile(r"[^\W\d_]")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


class Line(NamedTuple):
    """A line as it stands: in points from the page's left and bottom; `weight` is its lightest end's, `turn` in quarters."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    weight: int
    turn: int = 0


class Style(NamedTuple):
    """How the body of the text is set."""

    size: float
    weight: int


class Piece(NamedTuple):
    """A block before it has a place."""

    kind: BlockKind
    text: str
    level: int = 0


def body_style(lines: Sequence[Line]) -> Style:
    """The size in which most characters are set, and the weight of most of these."""
    sizes: Counter[float] = Counter()
    weights: Counter[tuple[float, int]] = Counter()
    for line in lines:
        # To half a point, since scaled pages give one font a slightly different size in each line.
        size = round(line.size * 2) / 2
        sizes[size] += len(line.text)
        weights[size, line.weight] += len(line.text)
    if not sizes:
        return Style(0.0, 0)
    size = sizes.most_common(1)[0][0]
    weight = max((count, weight) for (of, weight), count in weights.items() if of == size)[1]
    return Style(size, weight)


def running_lines(pages: Sequence[Sequence[Line]]) -> frozenset[str]:
    """Heads and feet that many pages share but for their digits: they are no headings."""
    seen: Counter[str] = Counter()
    for lines in pages:
        seen.update({_digitless(line.text) for line in (*lines[:_EDGE_LINES], *lines[-_EDGE_LINES:])})
    # A quarter, since chapters have heads of their own, and left and right pages differ.
    needed = max(_RUNNING_PAGES, len(pages) / 4)
    return frozenset(text for text, count in seen.items() if count >= needed)


def compose(lines: Sequence[Line], body: Style, running: frozenset[str]) -> list[Piece]:
    """The page's blocks in the order of its lines."""
    if not lines:
        return []
    leading = _leading(lines)
    groups: list[list[Line]] = [[lines[0]]]
    for line in lines[1:]:
        if _parts(groups[-1], line, leading):
            groups.append([line])
        else:
            groups[-1].append(line)
    turn = _usual_turn(lines)
    return [_piece(group, body, running) if group[0].turn == turn else _stamp(group) for group in groups]


def _usual_turn(lines: Sequence[Line]) -> int:
    """How most of the page's characters stand."""
    turns: Counter[int] = Counter()
    for line in lines:
        turns[line.turn] += len(line.text)
    return turns.most_common(1)[0][0]


def _stamp(group: Sequence[Line]) -> Piece:
    """What stands across the page's text, as a mark in its margin: no heading, whatever its size."""
    return Piece(BlockKind.PARAGRAPH, _joined(group))


def _leading(lines: Sequence[Line]) -> float:
    """The usual distance of two baselines, in sizes."""
    gaps = [(a.baseline - b.baseline) / b.size for a, b in pairwise(lines) if b.size > 0]
    usual = [gap for gap in gaps if _USUAL_GAPS[0] < gap < _USUAL_GAPS[1]]
    return median(usual) if usual else 1.2


def _parts(group: Sequence[Line], line: Line, leading: float) -> bool:
    """Whether the line begins a new block after the group."""
    last = group[-1]
    if last.turn != line.turn:
        return True
    size = max(last.size, line.size, 1.0)
    gap = (last.baseline - line.baseline) / size
    if abs(gap) < _SAME_LINE:
        return line.left < last.left and gap < 0
    rows = _is_row(last.text), _is_row(line.text)
    if any(rows):
        return rows[0] != rows[1] or not 0 < gap < _TABLE_FARTHER * leading
    if _is_set_apart(last, line, size):
        return True
    ended = _ENDED.search(last.text) is not None
    # Another column, or past a figure: only a sentence that goes on in lower case joins over such a gap.
    if gap < 0 or gap > _FARTHER * leading:
        return ended or not line.text[0].islower()
    return ended and (line.left - last.left > _INDENT * size or _is_short(last, group))


def _is_set_apart(last: Line, line: Line, size: float) -> bool:
    """Whether the line is set in another style, or with a bullet."""
    restyled = abs(last.size - line.size) > _OTHER_SIZE * size or abs(last.weight - line.weight) >= _BOLDER
    return restyled or _BULLET.match(line.text) is not None


def _is_short(line: Line, group: Sequence[Line]) -> bool:
    left, right = min(each.left for each in group), max(each.right for each in group)
    return line.right - left < _SHORT * (right - left)


@lru_cache(maxsize=4)  # Each line is looked at beside the one before it, and beside the one behind it.
def _is_row(text: str) -> bool:
    """Whether the line reads as a table's row: two figures or more, and they are a third of it."""
    words = text.split()
    figures = sum(_NUMBER.fullmatch(word) is not None for word in words)
    return figures >= _FEWEST_FIGURES and figures * 3 >= len(words)


def _piece(group: Sequence[Line], body: Style, running: frozenset[str]) -> Piece:
    if len(group) > 1 and all(_is_row(line.text) for line in group):
        return Piece(BlockKind.TABLE, "\n".join(line.text for line in group))
    text = _joined(group)
    if (level := _heading_level(group, text, body)) and _digitless(group[0].text) not in running:
        return Piece(BlockKind.HEADING, text.replace("\n", " "), level)
    return Piece(BlockKind.LIST_ITEM if _BULLET.match(text) else BlockKind.PARAGRAPH, text)


def _heading_level(group: Sequence[Line], text: str, body: Style) -> int:
    """1 to 6, or 0 for what is no heading."""
    if not body.size or len(group) > _MOST_HEADING_LINES or not _could_head(text):
        return 0
    ratio = min(line.size for line in group) / body.size
    if (level := next((level for larger, level in _HEADING_LEVELS if ratio >= larger), 0)) or text[-1] in ".:!?":
        return level
    if ratio > _NOTE and min(line.weight for line in group) - body.weight >= _BOLDER:
        return _BOLD_LEVEL
    # Many papers set their lesser headings as the body, told apart by a number alone.
    numbered = _NUMBERED.match(text) if len(group) == 1 else None
    return min(6, 2 + numbered[1].count(".")) if numbered else 0


def _could_head(text: str) -> bool:
    """Whether the text reads as a heading, however it is set."""
    said = len(_LETTERS.findall(text)) >= _FEWEST_LETTERS and len(text) <= _LONGEST_HEADING
    return said and text[-1] not in ",;" and not _DOT.match(text)


def _joined(group: Sequence[Line]) -> str:
    """The lines as running text; a line that was broken on purpose keeps its end."""
    text = group[0].text
    for last, line in pairwise(group):
        text += _between(last, line, group) + line.text
    return text


def _between(last: Line, line: Line, group: Sequence[Line]) -> str:
    if last.baseline - line.baseline > _SAME_LINE * line.size and _is_short(last, group):
        return "\n"
    hyphenated = last.text.endswith("-") and line.text[0].islower() and _LETTERS.match(last.text[-2:-1])
    unspaced = _UNSPACED.match(last.text[-1]) and _UNSPACED.match(line.text[0])
    return "" if hyphenated or unspaced else " "


def _digitless(text: str) -> str:
    return re.sub(r"\d+", "#", text)
