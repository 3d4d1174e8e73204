"""The order of candidates: BM25 over the candidates alone, fused with their dense ranks, and repeated texts taken once."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.agent.words import terms
from shared.domain.chunk import Hit

_FUSION_CONSTANT = 60
_SATURATION = 1.2
_LENGTH_WEIGHT = 0.75
_SAME_TEXT = 0.95


@dataclass(frozen=True)
class Candidate:
    """A hit with its words counted once."""

    hit: Hit
    words: Counter[str] = field(repr=False)

    def repeats(self, other: "Candidate") -> bool:
        """Whether the two say the same in the same words; a table's next row, which differs in a figure, does not repeat."""
        mine, theirs = self.words.keys(), other.words.keys()
        if len(mine & theirs) < _SAME_TEXT * max(len(mine), len(theirs)):
            return False
        return not any(character.isdigit() for word in mine ^ theirs for character in word)


def rank(query: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits (best cosine first) by reciprocal rank fusion of cosine and BM25, each repeated text but its best left out.

    The fusion is that of Cormack, Clarke and Büttcher (SIGIR 2009) with their constant of 60; a lexical rank counts by its
    score's share of the best, since over candidates that all hold the subject's word most ranks come from nothing else.
    """
    candidates = [Candidate(hit, Counter(terms(hit.chunk.text))) for hit in hits]
    scores = _bm25(set(terms(query)), candidates)
    best = max(scores.values(), default=1.0)
    fused = [_share(place) for place in range(len(candidates))]
    for place, at in enumerate(sorted(scores, key=lambda at: -scores[at])):
        fused[at] += _share(place) * scores[at] / best
    order = sorted(range(len(candidates)), key=lambda at: -fused[at])
    return [candidate.hit for candidate in _distinct([candidates[at] for at in order])]


def _share(place: int) -> float:
    return 1 / (_FUSION_CONSTANT + place + 1)


def _bm25(wanted: set[str], candidates: Sequence[Candidate]) -> dict[int, float]:
    """Scores above zero, by the candidate's position."""
    if not candidates:
        return {}
    holders = {word: sum(word in candidate.words for candidate in candidates) for word in wanted}
    weights = {word: math.log1p((len(candidates) - held + 0.5) / (held + 0.5)) for word, held in holders.items() if held}
    lengths = [candidate.words.total() for candidate in candidates]
    mean = sum(lengths) / len(lengths) or 1.0
    scores: dict[int, float] = {}
    for at, candidate in enumerate(candidates):
        damping = _SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * lengths[at] / mean)
        score = sum(weight * _saturated(candidate.words[word], damping) for word, weight in weights.items())
        if score > 0:
            scores[at] = score
    return scores


def _saturated(count: int, damping: float) -> float:
    return count * (_SATURATION + 1) / (count + damping)


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    kept: list[Candidate] = []
    for candidate in candidates:
        if not any(candidate.repeats(other) for other in kept):
            kept.append(candidate)
    return kept
