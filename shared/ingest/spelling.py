"""Whether text was decoded as it was written: a wrong encoding shows in words that no language spells so."""

import re
import unicodedata
from collections.abc import Sequence

_WORD = re.compile(r"[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]*[^\x00-\x7f][^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]*")
# Latin letters beyond ASCII, of one language each; the last is of names and loanwords as English has them.
_ALPHABETS = tuple(
    map(
        frozenset,
        (
            *("äöüßé", "åäöéü", "æøåéôòöä", "àâæçéèêëîïôœùûüÿ", "áéíóúüñ", "áâãàçéêíóôõúü", "àèéìíòóùúî", "áðéíóúýþæö"),
            *("àçéèíïóòúü", "ëïéèöüá", "äõöüšž", "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű"),
            *("ăâîşţșț", "čćđšž", "çğıöşüâîû", "ąčęėįšųūž", "āčēģīķļņšūž", "ëç", "äöüßåæøéèêëáàâçñíóúôîï"),
        ),
    )
)
_LATIN = re.compile("[\u00df-\u00f6\u00f8-\u024f]")
_SCRIPTS = re.compile(
    "(?P<latin>[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f])|(?P<greek>[\u0370-\u03ff])|(?P<cyrillic>[\u0400-\u052f])|"
    "(?P<hebrew>[\u0590-\u05ff])|(?P<arabic>[\u0600-\u06ff])|(?P<thai>[\u0e00-\u0e7f])|(?P<eastern>[\u3040-\u30ff\u3400-\ud7ff])"
)
_ODD = re.compile(
    "[\x80-\x9f\u3130-\u318f\ue000-\uf8ff\ufb1d-\ufdff\ufe70-\ufeff\uff61-\uffdc\ufffd]"  # Nobody types these.
    "|[a-z\u00df-\u00f6\u00f8-\u00ff\u03ac-\u03ce\u0430-\u045f][A-Z\u00c0-\u00d6\u00d8-\u00de\u0178\u0391-\u03ab\u0401-\u042f]"
    "|[\u2500-\u257f][\u2580-\u259f]|[\u2580-\u259f][\u2500-\u257f]"  # Lines and blocks, which nobody draws together.
    # Letters that end a word, within one, and such as begin none.
    "|[\u05da\u05dd\u05df\u05e3\u05e5][\u05d0-\u05ea]|\u03c2[\u0370-\u03ff]|(?<![\u0400-\u052f])[\u044a-\u044c\u042a-\u042c]"
)
_JOINERS = frozenset("\u00b7\u2019\u02bc\u200c\u200d")
_QUOTES = frozenset(
    "\u2018\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a\u2013\u2014\u2026\u00ae\u2122\u00a9\u00b0\u00a1\u00bf"
)
_VOWELS = {"cyrillic": frozenset("аеёиоуыэюяіїєъ"), "greek": frozenset("αεηιουωάέήίόύώϊϋΐΰ")}
_NO_VOWEL = 3
"""Letters of a word that hardly has no vowel; abbreviations are the exception."""
_EASTERN = "\u3000"  # From here on signs stand between letters without a space.
_HALF = 0.5  # What is rare, yet occurs.


def faults(text: str) -> float:
    """How many words beyond ASCII are spelled as in no language; for Latin script in none of the one that fits best."""
    words: list[str] = _WORD.findall(text)
    return sum(map(_fault, words)) + _foreign(words)


def _fault(word: str) -> float:
    scripts = {match.lastgroup for match in _SCRIPTS.finditer(word)}
    if len(scripts) > 1 or _ODD.search(word) or unicodedata.category(word[0]).startswith("M"):
        return 1.0
    vowels = next((_VOWELS[script] for script in scripts if script in _VOWELS), None)
    if vowels is not None and len(word) >= _NO_VOWEL and vowels.isdisjoint(word.lower()):
        return _HALF
    return max((_attached(word, place) for place, char in enumerate(word) if char > "\x7f"), default=0.0)


def _attached(word: str, place: int) -> float:
    """A sign that touches letters as signs do not."""
    char = word[place]
    if unicodedata.category(char)[0] not in "SNP" or char in _JOINERS or char >= _EASTERN:
        return 0.0
    before, after = word[:place][-1:].isalpha(), word[place + 1 :][:1].isalpha()
    if char in _QUOTES:
        return _HALF if before and after else 0.0
    return 1.0 if before or after else 0.0


def _foreign(words: Sequence[str]) -> int:
    """In how many words a Latin letter stands that is none of the best language's."""
    letters = [set(_LATIN.findall(word.replace("\u0130", "\u0131").lower())) for word in words]
    return min(sum(not each <= alphabet for each in letters) for alphabet in _ALPHABETS)
