"""Where sentences begin and end in text of any script: wrapped lines, headings, bullets, abbreviations and decimals included."""

import re
from collections.abc import Iterator

# A bullet or a numbered point begins a sentence, whatever stood before it.
_POINT = r"[ \t]*(?:[-*\u2022\u2023\u25aa\u25e6\u00b7\u2013]|\(?(?:\d{1,3}[.)]|[a-zA-Z]\)))[ \t]+"
_POINT_START = re.compile(_POINT)
_BLOCK_END = re.compile(rf"\n[ \t]*\n|\n(?={_POINT}\S)|\n(?=[ \t]*[#|])")
# Western, Arabic and Indic marks count before a space only, notes such as [12] between; the wide ones of Chinese and Japanese
# need none.
_STOP = re.compile(
    r"[.!?\u2026\u061f\u0964]+[\"'\u201d\u2019\u00bb)\]]*(?:\[\w{1,3}\])*(?=\s)"
    r"|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d\u2019\uff09]*"
)
_OPENING_MARKS = " \t\n\"'\u201c\u2018\u00ab(["
_WORD_BEFORE = re.compile(r"[^\W\d_][\w.]*\Z")
_ABBREVIATION = re.compile(
    r"adm|approx|apr|art|aug|ave|bzw|ca|capt|cf|ch|co|col|corp|dec|dept|dr|eds?|eq|est|etc|evtl|feb|figs?|gen|gov|hr|inc|jan|jr"
    r"|jul|jun|lt|ltd|max|min|mio|mrs?|ms|mt|nov|nr|oct|op|pp?|prof|ref|resp|rev|sec|sen|sept?|sgt|sr|st|tab|u\.a|usw|vgl|vol|vs"
    r"|z\.b|e\.g|i\.e|a\.m|p\.m|u\.s|u\.k|u\.n|d\.c|ph\.d",
    re.IGNORECASE,
)
_HEADING_CHARACTERS = 80
_LONGEST = 600

Span = tuple[int, int]


def sentence_spans(text: str) -> Iterator[Span]:
    """Start and end (excluded) of each sentence, without bullet and outer space, in order; none longer than 600 characters."""
    for block in _blocks(text):
        for start, end in _stops(text, *block):
            yield from _trimmed(text, start, end)


def is_closed(text: str) -> bool:
    """Whether it ends with a mark that ends sentences."""
    return any(match.end() == len(text) for match in _STOP.finditer(f"{text} "))


def _blocks(text: str) -> Iterator[Span]:
    """Spans between blank lines, points and headings; other line ends are the wrapping of a page."""
    start = 0
    for match in _BLOCK_END.finditer(text):
        yield from _without_heading(text, start, match.start())
        start = match.end()
    yield from _without_heading(text, start, len(text))


def _without_heading(text: str, start: int, end: int) -> Iterator[Span]:
    """A short first line without an end mark, above a line that begins anew, is a heading and no part of the sentence."""
    point = _POINT_START.match(text, start, end)
    start = point.end() if point else start
    line_end = text.find("\n", start, end)
    if line_end != -1 and _is_heading(text[start:line_end].strip(), text[line_end:end].lstrip()):
        yield start, line_end
        start = line_end
    yield start, end


def _is_heading(line: str, below: str) -> bool:
    return 0 < len(line) <= _HEADING_CHARACTERS and line[-1].isalnum() and bool(below) and not below[0].islower()


def _stops(text: str, start: int, end: int) -> Iterator[Span]:
    for match in _STOP.finditer(text, start, end):
        if _ends_sentence(text, match.start(), match.end(), end):
            yield start, match.end()
            start = match.end()
    yield start, end


def _ends_sentence(text: str, stop: int, after: int, end: int) -> bool:
    if text[after:end].lstrip(_OPENING_MARKS)[:1].islower():
        return False
    if text[stop : stop + 2].strip() != ".":
        return True
    word = _WORD_BEFORE.search(text, max(0, stop - 12), stop)
    return word is None or not (len(word[0]) == 1 or _ABBREVIATION.fullmatch(word[0]))


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """The span without outer space, in parts where it is longer than a reader can use."""
    while start < end:
        start += len(text[start:end]) - len(text[start:end].lstrip())
        cut = end if end - start <= _LONGEST else _cut(text, start)
        last = start + len(text[start:cut].rstrip())
        if last > start:
            yield start, last
        start = cut


def _cut(text: str, start: int) -> int:
    """Where to part a sentence that never ends: after the last line end, else the last semicolon or space, else anywhere."""
    limit = start + _LONGEST
    found = (text.rfind(mark, start + 1, limit) + 1 for mark in ("\n", ";", " "))
    return next((cut for cut in found if cut), limit)
