"""The citation syntax of a model's text, `[[N|exact quote]]`, read from a stream that may be cut anywhere.

What is told of a piece depends on the whole text alone, never on where it was cut. A marker that is not closed within
MARKER_CHARACTERS, or says neither a number nor "not found", is plain text; one that the end of the stream leaves open is
dropped, since half a quote proves nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MARKER_CHARACTERS = 1000
# Room for brackets with which the quote itself ends; a longer run is not waited for.
_LONGEST_CLOSING = 8
_CITATION = re.compile(r"\s*(?:passage\s+)?(\d{1,4})\s*(?:\|(.*))?", re.DOTALL | re.IGNORECASE)
_NOT_FOUND = "not found"
_SHOWN = re.compile(r"\s?\[\d{1,4}\??\]")


@dataclass(frozen=True, slots=True)
class Cited:
    """The model names passage `number` and quotes it; the quote is empty where the model gave none."""

    number: int
    quote: str


@dataclass(frozen=True, slots=True)
class NothingFound:
    """The model says that the passages hold no answer."""


Piece = str | Cited | NothingFound


class MarkerParser:
    """Text pieces in; plain text and markers out, as soon as each is certain."""

    def __init__(self) -> None:
        self._buffer = ""

    def feed(self, text: str) -> list[Piece]:
        """What has become certain with this piece."""
        self._buffer += text
        return list(self._scan(ended=False))

    def close(self) -> list[Piece]:
        """The rest, once no piece will follow."""
        return list(self._scan(ended=True))

    def _scan(self, *, ended: bool) -> Iterator[Piece]:
        while (start := _opening(self._buffer)) >= 0:
            if start:
                yield self._take(start)
            if _needs_more(self._buffer) and not ended:
                return
            yield from self._marker()
        rest = len(self._buffer) - (self._buffer.endswith("[") and not ended)
        if rest:
            yield self._take(rest)

    def _marker(self) -> Iterator[Piece]:
        """Take the marker with which the buffer begins, or its brackets alone where it is none."""
        closing = _closing(self._buffer)
        if closing < 0:
            is_cut = len(self._buffer) < MARKER_CHARACTERS + 4 and _begins_a_citation(self._buffer[2:])
            text = self._take(len(self._buffer) if is_cut else 2)
            if not is_cut:
                yield text
            return
        content, length = _content(self._buffer, closing)
        inner = content.find("[[")
        if inner >= 0:
            text = self._take(inner + 2)
            if not _begins_a_citation(text[2:]):
                yield text
            return
        text = self._take(length)
        yield _read(content) or text

    def _take(self, length: int) -> str:
        taken, self._buffer = self._buffer[:length], self._buffer[length:]
        return taken


def _opening(text: str) -> int:
    """Where the first marker opens: at the last two of a run of brackets, so that `[[[1|a]]]` is a marker in brackets."""
    start = text.find("[[")
    while start >= 0 and text.startswith("[[[", start):
        start += 1
    return start


def _closing(text: str) -> int:
    return text.find("]]", 2, MARKER_CHARACTERS + 4)


def _needs_more(text: str) -> bool:
    """Whether more text could change what the marker at the beginning is."""
    if len(text) == len("[["):
        return True
    closing = _closing(text)
    if closing < 0:
        return len(text) < MARKER_CHARACTERS + 4
    run = text[closing : closing + _LONGEST_CLOSING]
    return len(run) < _LONGEST_CLOSING and not run.strip("]")


def _content(text: str, closing: int) -> tuple[str, int]:
    """What stands between the brackets, and the marker's length. In `[[1|see [12]]]` the first `]` belongs to the quote."""
    content = text[2:closing]
    run = text[closing : closing + _LONGEST_CLOSING]
    spare = len(run) - len(run.lstrip("]")) - 2
    missing = content.count("[") - content.count("]")
    own = max(0, min(spare, missing))
    return content + "]" * own, closing + own + 2


def _read(content: str) -> Cited | NothingFound | None:
    if content.strip().casefold() == _NOT_FOUND:
        return NothingFound()
    if match := _CITATION.fullmatch(content):
        return Cited(int(match[1]), (match[2] or "").strip())
    return None


def _begins_a_citation(content: str) -> bool:
    return _CITATION.fullmatch(content) is not None or _NOT_FOUND.startswith(content.strip().casefold())


def without_numbers(text: str) -> str:
    """A shown answer without its `[N]`, which mean nothing where the passages are not at hand."""
    return _SHOWN.sub("", text)
