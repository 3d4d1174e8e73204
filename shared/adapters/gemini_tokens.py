"""Gemini's tokens, estimated: its tokenizer is not public, and counting by the API would cost a request a chunk."""

from collections.abc import Sequence
from math import ceil

# English prose has about 4 bytes a token, code and digits about 2.5, Chinese 3: with this few texts have more than estimated,
# so that what is cut to fit does fit.
_BYTES_PER_TOKEN = 2.5


class GeminiTokenCounter:
    """Counts too many rather than too few."""

    def __init__(self, max_tokens: int) -> None:
        self.max_tokens = max_tokens

    def count(self, texts: Sequence[str]) -> list[int]:
        """UTF-8 bytes by 2.5, rounded up; there are no special tokens."""
        return [ceil(len(text.encode("utf-8", "replace")) / _BYTES_PER_TOKEN) for text in texts]
