"""Tokens guessed from bytes, for models whose tokenizer is not on this machine."""

from math import ceil

AVERAGE_BYTES = 4.0
"""English prose of the large models' vocabularies; a Chinese character has 3 bytes and is seldom more than a token."""
CAUTIOUS_BYTES = 2.5
"""Few texts have more tokens than this predicts, digits and code included: for limits that must not be passed."""


def estimated_tokens(text: str, bytes_per_token: float = AVERAGE_BYTES) -> int:
    """UTF-8 bytes over bytes a token, rounded up."""
    return ceil(len(text.encode("utf-8", "replace")) / bytes_per_token)
