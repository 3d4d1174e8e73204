"""The order of candidates: BM25 over the candidates alone, fused with their dense ranks, and repeated texts taken once."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from shared.agent.words import terms
from shared.domain.chunk import Hit

_FUSION_CONSTANT = 60
_SATURATION = 1.2
_LENGTH_WEIGHT = 0.75
_SAME_TEXT = 0.95


@dataclass(frozen=True)
class _Candidate:
    hit: Hit

    @cached_property
    def words(self) -> list[str]:
        return terms(self.hit.chunk.text)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        return frozenset(self.words)

    def repeats(self, other: "_Candidate") -> bool:
        """Whether the two say the same in the same words; a table's next row, which differs in a figure, does not repeat."""
        mine, theirs = self.vocabulary, other.vocabulary
        if len(mine & theirs) < _SAME_TEXT * max(len(mine), len(theirs)):
            return False
        return not any(character.isdigit() for word in mine ^ theirs for character in word)


def rank(query: str, hits: Sequence[Hit], limit: int) -> list[Hit]:
    """At most `limit` of the hits (which come best cosine first) by reciprocal rank fusion of cosine and BM25, no text twice.

    The fusion is that of Cormack, Clarke and Büttcher (SIGIR 2009) with their constant of 60; a lexical rank counts by its
    score's share of the best, since over candidates that all hold the subject's word most ranks come from nothing else.
    """
    candidates = [_Candidate(hit) for hit in hits]
    scores = _bm25(set(terms(query)), [candidate.words for candidate in candidates])
    # Never zero: only texts that hold a word of the question have a score.
    best = max(scores.values(), default=1.0)
    fused = [_share(place) for place in range(len(candidates))]
    for place, at in enumerate(sorted(scores, key=lambda at: -scores[at])):
        fused[at] += _share(place) * scores[at] / best
    order = sorted(range(len(candidates)), key=lambda at: -fused[at])
    kept: list[_Candidate] = []
    for candidate in (candidates[at] for at in order):
        if len(kept) == limit:
            break
        if not any(candidate.repeats(other) for other in kept):
            kept.append(candidate)
    return [candidate.hit for candidate in kept]


def _share(place: int) -> float:
    return 1 / (_FUSION_CONSTANT + place + 1)


def _bm25(wanted: set[str], texts: Sequence[Sequence[str]]) -> dict[int, float]:
    """Scores above zero, by the text's position; a word is the rarer, the fewer of these very texts hold it."""
    mean = sum(map(len, texts)) / max(1, len(texts)) or 1.0
    dampings = [_SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * len(text) / mean) for text in texts]
    counts = [Counter(word for word in text if word in wanted) for text in texts]
    holders = Counter(word for counted in counts for word in counted)
    weights = {word: math.log1p((len(texts) - held + 0.5) / (held + 0.5)) for word, held in holders.items()}
    return {
        at: sum(weights[word] * count * (_SATURATION + 1) / (count + dampings[at]) for word, count in counted.items())
        for at, counted in enumerate(counts)
        if counted
    }
