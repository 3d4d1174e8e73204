"""Where a text that is too long may be cut: after a sentence, a line, a word, and last within a word."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from shared.domain.page import BlockKind

_SENTENCE_END = re.compile(
    r"[.!?\u2026]+[\"'\u201d\u2019\u00bb)\]]*\s+(?=\S)"  # Western: a mark, closing quotes, and a space.
    r"|[\u3002\uff01\uff1f\u0964\u061f\u06d4]+[\"'\u201d\u2019\u300d\u300f\uff09)]*\s*(?=\S)"  # Chinese, Hindi, Arabic, Urdu.
    r"|\n+(?=\S)"
)
_ABBREVIATIONS = "mr|mrs|ms|dr|prof|st|jr|sr|vs|etc|inc|ltd|co|corp|fig|figs|eq|sec|ch|vol|pp|al|ca|cf|approx|bzw|abs|nr|art"
_ABBREVIATED = re.compile(rf"\b(?:[a-z]|{_ABBREVIATIONS})\.$", re.IGNORECASE)
_LINE_END = re.compile(r"\n+(?=[^\n])")
_BY_LINE = {BlockKind.CODE, BlockKind.TABLE}
_WORD_BEGINS = re.compile(r"\s(?=\S)")


class Span(NamedTuple):
    """Characters from `start` up to, not with, `end`."""

    start: int
    end: int


def parts_of(kind: BlockKind, text: str, span: Span) -> list[Span]:
    """The span's sentences, or its lines where it is code or a table; no part is blank, and only white space lies between."""
    cuts = _line_cuts(text, span) if kind in _BY_LINE else _sentence_cuts(text, span)
    edges = pairwise([span.start, *cuts, span.end])
    return [part for start, end in edges if (part := trimmed(text, Span(start, end)))]


def pieces_of(text: str, span: Span, pieces: int) -> list[Span]:
    """The span in about so many equal pieces, at least two, each cut at the space nearest to its place, else within a word."""
    length = span.end - span.start
    pieces = min(max(2, pieces), length)
    reach = length // pieces // 3
    cuts = [_near_space(text, span.start + length * number // pieces, reach) for number in range(1, pieces)]
    edges = pairwise([span.start, *cuts, span.end])
    return [part for start, end in edges if (part := trimmed(text, Span(start, end)))]


def trimmed(text: str, span: Span) -> Span | None:
    """The span without white space at its ends, or None where there is nothing else."""
    inner = text[span.start : span.end]
    left = len(inner) - len(inner.lstrip())
    return Span(span.start + left, span.start + len(inner.rstrip())) if left < len(inner) else None


def _line_cuts(text: str, span: Span) -> Iterator[int]:
    return (match.end() for match in _LINE_END.finditer(text, span.start, span.end))


def _sentence_cuts(text: str, span: Span) -> Iterator[int]:
    for match in _SENTENCE_END.finditer(text, span.start, span.end):
        before = text[max(span.start, match.start() - 8) : match.start() + 1]
        continues = text[match.end() : match.end() + 1].islower() or _ABBREVIATED.search(before)
        if not (continues and text[match.start()] == "."):
            yield match.end()


def _near_space(text: str, position: int, reach: int) -> int:
    """Where the word nearest to the position begins, or the position itself where no word begins within reach."""
    begins = [match.end() for match in _WORD_BEGINS.finditer(text, max(0, position - reach), position + reach + 1)]
    return min(begins, key=lambda begin: abs(begin - position), default=position)
