"""How long a passage is: counted in batches, as the embedder counts, and planned as shares of what it reads."""

from collections.abc import Callable, Sequence

Count = Callable[[Sequence[str]], list[int]]

_BATCH = 512  # Bounds the memory of one call to a tokenizer.
_WHOLE = 0.9  # The rest is for the heading above it.
_TARGET = 0.7  # 177 of 254 tokens: more of each passage answers, and no answer is lost (benchmarks/chunking.py).
_SMALL = 0.25
_OVERLAP = 0.16
_HEADER = 0.3


class Budget:
    """Lengths in tokens, those that the embedder adds to every text (`added`) taken off; `most` is what it reads."""

    def __init__(self, count: Count, max_tokens: int) -> None:
        self._count = count
        self.added = count([""])[0]
        self.most = max(1, max_tokens - self.added)
        self.target = max(1, int(self.most * _TARGET))

    @property
    def whole(self) -> int:
        """A block up to here is not cut."""
        return max(1, int(self.most * _WHOLE))

    @property
    def small(self) -> int:
        """A section below this is joined with the next."""
        return int(self.target * _SMALL)

    @property
    def overlap(self) -> int:
        """A sentence up to here is repeated in the next passage of its paragraph."""
        return int(self.target * _OVERLAP)

    @property
    def header(self) -> int:
        """A table's header up to here is repeated."""
        return int(self.target * _HEADER)

    def measure(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        starts = range(0, len(texts), _BATCH)
        return [max(0, tokens - self.added) for start in starts for tokens in self._count(texts[start : start + _BATCH])]
