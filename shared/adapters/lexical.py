"""How much of a question a sentence shares in words, the rare ones counting most."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from math import log

_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")
# Scripts without spaces (Thai to Khmer, kana, Han, Hangul): a pair of characters stands for a word.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_STOP_WORD = re.compile(
    r"a|an|and|are|as|at|be|been|being|but|by|can|could|did|do|does|for|from|had|has|have|how|i|if|in|into|is|it|its|many|me|much"
    r"|my|of|on|or|our|shall|should|so|some|such|than|that|the|their|them|then|there|these|they|this|those|to|was|we|were|what"
    r"|when|where|which|who|whom|whose|why|will|with|would|you|your"
)
_ENDING = re.compile(r"(?<=\w{4})(?:ing|ed|es|s|e)$")


def words(text: str) -> frozenset[str]:
    """Words in lower case without English endings and stop words; pairs of characters where a script has no spaces."""
    return frozenset(_words(text.lower()))


def _words(text: str) -> Iterator[str]:
    for match in _UNSPACED.finditer(text):
        run = match[0]
        yield from (run[start : start + 2] for start in range(max(1, len(run) - 1)))
    for match in _WORD.finditer(_UNSPACED.sub(" ", text)):
        if not _STOP_WORD.fullmatch(match[0]):
            yield _ENDING.sub("", match[0])


def overlaps(question: str, texts: Sequence[str]) -> list[float]:
    """For each text the share, 0 to 1, of the question's words that it holds, each weighted by its rarity in the texts."""
    asked = words(question)
    held = [asked & words(text) for text in texts]
    frequency = Counter(word for found in held for word in found)
    weight = {word: log(1 + len(texts) / (0.5 + frequency[word])) for word in asked}
    whole = sum(weight.values()) or 1.0
    return [sum(weight[word] for word in found) / whole for found in held]
