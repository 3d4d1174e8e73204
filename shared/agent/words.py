"""Words of any language without a dictionary: what stands between spaces, and character pairs where a script has none."""

import re
import unicodedata

_UNSEGMENTED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_UNSEGMENTED}]+|[^{_UNSEGMENTED}]+")
_UNSEGMENTED_CHARACTER = re.compile(rf"[{_UNSEGMENTED}]")


class _Separators(dict[int, int]):
    """A table for str.translate, filled as characters are met: what is no letter or digit becomes a space.

    Splitting translated text is several times faster than finding words by a pattern, and every search splits dozens of chunks.
    """

    def __missing__(self, code: int) -> int:
        character = chr(code)
        self[code] = code if character.isalnum() or unicodedata.category(character).startswith("M") else ord(" ")
        return self[code]


_SEPARATORS = _Separators()


def is_unsegmented(text: str) -> bool:
    """Whether the text holds a character of a script that sets no spaces between words, or glues particles on (Korean)."""
    return not text.isascii() and _UNSEGMENTED_CHARACTER.search(text) is not None


def terms(text: str) -> list[str]:
    """Case-folded words in order; a run of an unsegmented script gives its overlapping pairs of characters."""
    if text.isascii():
        return text.lower().translate(_SEPARATORS).split()
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_SEPARATORS)
    if not _UNSEGMENTED_CHARACTER.search(folded):
        return folded.split()
    found: list[str] = []
    for run in _RUN.findall(folded):
        found.extend(_pairs(run) if _UNSEGMENTED_CHARACTER.match(run) else run.split())
    return found


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]
