"""A text in pieces that a model can read, cut where a reader would pause: between paragraphs, else lines, sentences, words."""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_LONGEST_SENTENCE_TOKENS = 150

_END_MARKS = r"[.!?\u2026\u061f\u0964]+[\"'\u201d\u2019\u00bb)\]]*\s+|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d\u2019\uff09]*\s*"
_SENTENCE_END = re.compile(rf"{_END_MARKS}|\n\s*\n")
_WHOLE = re.compile(rf"(?:{_END_MARKS})\Z".replace(r"\s+", r"\s*"))
# Best first; the last resort is to cut anywhere.
_BORDERS = (re.compile(r"\n[^\S\n]*\n\s*"), re.compile(r"\n"), re.compile(_END_MARKS), re.compile(r"\s+"))


def spans(text: str, most_tokens: int) -> Iterator[Span]:
    """Start and end (excluded) of pieces of at most so many estimated tokens, that together are the text."""
    start = 0
    while start < len(text):
        end = _furthest(text, start, most_tokens)
        if end < len(text):
            end = _border(text, start, end)
        yield start, end
        start = end


def pieces(text: str, most_tokens: int) -> list[str]:
    """The pieces themselves, without blank ones."""
    found = (text[start:end] for start, end in spans(text, most_tokens))
    return [piece for piece in found if piece.strip()]


def sentences(text: str) -> list[str]:
    """The sentences of the text, each on one line; one that never ends is parted."""
    found = (piece for part in _parts(text) for piece in pieces(part, _LONGEST_SENTENCE_TOKENS))
    return [" ".join(piece.split()) for piece in found]


def is_whole(sentence: str) -> bool:
    """Whether it ends as sentences do, rather than as headings, leads and rows of a table."""
    return _WHOLE.search(sentence) is not None


def _parts(text: str) -> Iterator[str]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        yield text[start : match.end()]
        start = match.end()
    yield text[start:]


def _furthest(text: str, start: int, most_tokens: int) -> int:
    """The last end that fits; at least one character further, so that every text ends."""
    most_bytes = 4 * most_tokens
    # No character is less than a byte, so no more than these can fit.
    head = text[start : start + most_bytes].encode("utf-8", "replace")[:most_bytes]
    return max(start + 1, start + len(head.decode("utf-8", "ignore")))


def _border(text: str, start: int, end: int) -> int:
    """The last good place to cut in the second half of the span; where there is none, its end."""
    for border in _BORDERS:
        found = [match.end() for match in border.finditer(text, start + (end - start) // 2, end)]
        if found:
            return found[-1]
    return end
