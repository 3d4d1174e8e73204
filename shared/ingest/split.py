"""Where a text that is too long may be cut: after a sentence, a line, a word, and last within a word."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from shared.domain.page import BlockKind

_CLOSING = "\"'\u201d\u2019\u00bb\u203a)\\]"
_WIDE_CLOSING = _CLOSING + "\u300d\u300f\uff09\u3011\u300b\u3009"
_SPACED_CLOSING = r"(?:[ \u00a0\u202f]\u00bb(?=\s))?"  # French sets a space before it; German opens with the same mark.
_FULL_STOPS = "\u3002\uff01\uff1f\uff61\u0964\u0965\u061f\u06d4\u0589\u1362\u17d4\u104b"
_SENTENCE_END = re.compile(
    rf"[.!?\u2026]+[{_CLOSING}]*{_SPACED_CLOSING}\s+(?=\S)"  # Western: a mark, closing quotes, and a space.
    # Chinese, Japanese, Hindi, Arabic, Urdu, Armenian, Amharic, Khmer, Burmese. In Japanese a quote goes on with "to" or "tte".
    rf"|[{_FULL_STOPS}]+(?:[{_WIDE_CLOSING}]+(?!\u3068|\u3063\u3066))?\s*(?=[^\s{_WIDE_CLOSING}])"
    r"|\uff0e(?!\d)\s*(?=\S)"  # The wide full stop of Japanese papers, which is their decimal point too.
    r"|[!?]+(?=[\u3040-\u30ff\u4e00-\u9fff])"  # Narrow marks between wide letters, which need no space.
    r"|\n+(?=\S)"
)
_ENGLISH = "mr|mrs|ms|dr|prof|st|jr|sr|vs|etc|inc|ltd|co|corp|fig|figs|eq|sec|ch|vol|pp|al|ca|cf|approx"
_GERMAN = "abb|abs|art|aufl|bd|bspw|bzgl|bzw|evtl|ggf|hr|hrsg|inkl|jh|kap|max|min|mio|mrd|nr|sog|str|tab|tel|usw|vgl|ziff|zzgl"
# A lone letter, in any script, is an initial or half of "z. B."; up to two digits are a German ordinal, as in "3. Oktober".
_ABBREVIATED = re.compile(rf"\b(?:[^\W\d_]|\d{{1,2}}|{_ENGLISH}|{_GERMAN})\.$", re.IGNORECASE)
_LINE_END = re.compile(r"\n+(?=[^\n])")
_BY_LINE = {BlockKind.CODE, BlockKind.TABLE}
_LONG_LINE = 150  # A line that was broken to fit a page or a terminal is shorter.
_WORD_BEGINS = re.compile(r"\s(?=\S)")
# Where a script writes no spaces, or a text has none.
_CLAUSE_BEGINS = re.compile("[\u3001\uff0c\uff1b\uff1a\u060c\u061b](?=\\S)")
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"
_THAI_LEADING = "\u0e40\u0e41\u0e42\u0e43\u0e44"  # Vowels that are written before the consonant after which they are spoken.


class Span(NamedTuple):
    """Characters from `start` up to, not with, `end`."""

    start: int
    end: int


def paragraphs_of(kind: BlockKind, text: str, span: Span) -> list[Span]:
    """The span, or its lines where these are paragraphs themselves: many tools write each paragraph as one long line."""
    if kind is not BlockKind.PARAGRAPH or text.count("\n", span.start, span.end) * _LONG_LINE > span.end - span.start:
        return [span]
    return _between(text, span, _line_cuts(text, span))


def parts_of(kind: BlockKind, text: str, span: Span) -> list[Span]:
    """The span's sentences, or its lines where it is code or a table; no part is blank, and only white space lies between."""
    cuts = _line_cuts(text, span) if kind in _BY_LINE else _sentence_cuts(text, span)
    return _between(text, span, cuts)


def pieces_of(text: str, span: Span, pieces: int) -> list[Span]:
    """The span in about so many equal pieces, at least two, each cut at the space nearest to its place, else within a word,
    but not within a letter: its accents and vowel signs stay with it.
    """
    length = span.end - span.start
    pieces = min(max(2, pieces), length)
    reach = length // pieces // 3
    cuts = [_near_space(text, span.start + length * number // pieces, reach) for number in range(1, pieces)]
    return _between(text, span, cuts)


def trimmed(text: str, span: Span) -> Span | None:
    """The span without white space at its ends, or None where there is nothing else."""
    inner = text[span.start : span.end]
    left = len(inner) - len(inner.lstrip())
    return Span(span.start + left, span.start + len(inner.rstrip())) if left < len(inner) else None


def _between(text: str, span: Span, cuts: Iterable[int]) -> list[Span]:
    edges = pairwise([span.start, *cuts, span.end])
    return [part for start, end in edges if (part := trimmed(text, Span(start, end)))]


def _line_cuts(text: str, span: Span) -> Iterator[int]:
    return (match.end() for match in _LINE_END.finditer(text, span.start, span.end))


def _sentence_cuts(text: str, span: Span) -> Iterator[int]:
    for match in _SENTENCE_END.finditer(text, span.start, span.end):
        before = text[max(span.start, match.start() - 8) : match.start() + 1]
        continues = text[match.end() : match.end() + 1].islower() or _ABBREVIATED.search(before)
        if not (continues and text[match.start()] == "."):
            yield match.end()


def _near_space(text: str, position: int, reach: int) -> int:
    """Where the word nearest to the position begins, or a clause, or a letter; the position itself where none is within reach."""
    for pattern in (_WORD_BEGINS, _CLAUSE_BEGINS):
        begins = [match.end() for match in pattern.finditer(text, max(0, position - reach), position + reach + 1)]
        if begins:
            return min(begins, key=lambda begin: abs(begin - position))
    return next((at for at in range(position, position - reach - 1, -1) if _is_between_letters(text, at)), position)


def _is_between_letters(text: str, at: int) -> bool:
    belongs = unicodedata.category(text[at]).startswith("M") or text[at] in _JOINERS
    return not belongs and text[at - 1] not in _JOINERS[:2] + _THAI_LEADING
