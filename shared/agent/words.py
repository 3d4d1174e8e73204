"""Words of any language without a dictionary: what stands between spaces, and character pairs where a script has none."""

import re
import unicodedata

_UNSEGMENTED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(r"[^\W_]+")
_RUN = re.compile(rf"[{_UNSEGMENTED}]+|[^\W_{_UNSEGMENTED}]+")
_UNSEGMENTED_CHARACTER = re.compile(rf"[{_UNSEGMENTED}]")


def is_unsegmented(text: str) -> bool:
    """Whether the text holds a character of a script that sets no spaces between words, or glues particles on (Korean)."""
    return not text.isascii() and _UNSEGMENTED_CHARACTER.search(text) is not None


def terms(text: str) -> list[str]:
    """Case-folded words in order; a run of an unsegmented script gives its overlapping pairs of characters."""
    if text.isascii():
        return _WORD.findall(text.lower())
    folded = unicodedata.normalize("NFKC", text).casefold()
    found: list[str] = []
    for run in _RUN.findall(folded):
        found.extend(_pairs(run) if _UNSEGMENTED_CHARACTER.match(run) else (run,))
    return found


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]
