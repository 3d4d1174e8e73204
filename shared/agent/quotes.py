"""Finds a model's quote in the text it claims to quote, forgiving what models and PDFs change: case, spacing, typography."""

import unicodedata
from functools import cached_property, lru_cache

from shared.agent.words import is_unsegmented

_EVIDENCE_LETTERS = 8
_PLAIN = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | {"\u2039": "<", "\u203a": ">"}
)
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_EDGES = " \"'.,;:"


class QuotableText:
    """One stored text; its normal form is made at the first quote that does not stand in it exactly."""

    def __init__(self, text: str) -> None:
        self.text = text

    def find(self, quote: str) -> tuple[int, int] | None:
        """The span of the quote in the text, end excluded, at word boundaries; None where it does not stand there.

        A quote of fewer than eight letters and digits (a character of an unsegmented script counts as three) is no evidence,
        unless it is the whole text.
        """
        quote = quote.strip()
        if not _is_evidence(quote) and quote != self.text.strip():
            return None
        # Exactly first: most quotes stand there as they are, and the normal form of a chunk costs a walk over its text.
        start = _at_words(self.text, quote)
        return (start, start + len(quote)) if start >= 0 else self._find_normal(quote)

    @cached_property
    def _normal(self) -> tuple[str, list[int]]:
        return _normalise(self.text)

    def _find_normal(self, quote: str) -> tuple[int, int] | None:
        text, offsets = self._normal
        wanted = _normalise(quote)[0].strip(_EDGES)
        start = _at_words(text, wanted)
        if start < 0:
            return None
        return offsets[start], offsets[start + len(wanted) - 1] + 1


def _is_evidence(quote: str) -> bool:
    weight = 0
    for character in quote:
        weight += 3 if is_unsegmented(character) else character.isalnum()
        if weight >= _EVIDENCE_LETTERS:
            return True
    return False


def _at_words(text: str, wanted: str) -> int:
    """Where `wanted` stands without cutting a word at either side; -1 where it does not."""
    start = text.find(wanted) if wanted else -1
    while start >= 0 and (_cuts_a_word(text, start) or _cuts_a_word(text, start + len(wanted))):
        start = text.find(wanted, start + 1)
    return start


def _cuts_a_word(text: str, at: int) -> bool:
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    return before.isalnum() and after.isalnum() and not is_unsegmented(before) and not is_unsegmented(after)


def _normalise(text: str) -> tuple[str, list[int]]:
    """The normal form, and for each of its characters the offset in `text` of the one it came from."""
    characters: list[str] = []
    offsets: list[int] = []
    after_space = False
    for offset, character in enumerate(text):
        if character.isspace():
            after_space = True
            continue
        if character in _INVISIBLE:
            continue
        if after_space and characters:
            _join(characters, offsets, character, offset)
        after_space = False
        plain = _plain(character)
        characters.extend(plain)
        offsets.extend([offset] * len(plain))
    return "".join(characters), offsets


@lru_cache(maxsize=4096)  # Most texts use few characters, and an unverified quote walks over every passage on the event loop.
def _plain(character: str) -> str:
    return unicodedata.normalize("NFKD", character).translate(_PLAIN).casefold()


def _join(characters: list[str], offsets: list[int], character: str, offset: int) -> None:
    """Decide what white space was: a space, a line's hyphenation, or nothing in a script without spaces."""
    if characters[-1] == "-" and len(characters) > 1 and characters[-2].isalpha() and character.islower():
        characters.pop()
        offsets.pop()
    elif not (is_unsegmented(characters[-1]) or is_unsegmented(character)):
        characters.append(" ")
        offsets.append(offset - 1)
