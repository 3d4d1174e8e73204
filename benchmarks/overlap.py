"""How much of an expected text was read, by words and by four words that follow each other."""

import html
import re
from collections import Counter
from typing import Any, NamedTuple

_WORD = re.compile(r"\w+")


class Overlap(NamedTuple):
    """Precision and recall of words with their F1, and the F1 of 4-grams; each from 0 to 1."""

    precision: float
    recall: float
    f1: float
    fourgram_f1: float


def overlap(got: str, wanted: str) -> Overlap:
    """Of what was read with what was expected, whose marks (tags, entities, comments, links of Markdown) are left out."""
    read, expected = words(got), words(_unmarked(wanted))
    precision, recall = _shares(Counter(read), Counter(expected))
    return Overlap(precision, recall, _f1(precision, recall), _f1(*_shares(_fourgrams(read), _fourgrams(expected))))


def words(text: str) -> list[str]:
    """In small letters."""
    return _WORD.findall(text.lower())


def flattened(text: str) -> str:
    """Words alone: expected phrases may carry marks and other line breaks."""
    return " ".join(_WORD.findall(text))


def _unmarked(text: str) -> str:
    return html.unescape(re.sub(r"<!--.*?-->|<[^>]+>|\]\([^)]*\)", " ", text, flags=re.DOTALL))


def _fourgrams(found: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(found[start : start + 4]) for start in range(max(1, len(found) - 3)))


def _shares(got: Counter[Any], wanted: Counter[Any]) -> tuple[float, float]:
    both = (got & wanted).total()
    return both / max(1, got.total()), both / max(1, wanted.total())


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / max(precision + recall, 1e-9)
