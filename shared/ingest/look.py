"""How text of an office file is set, as far as it decides whether anybody sees the text."""

from typing import NamedTuple


class Look(NamedTuple):
    """Whether text can be seen, and whether something dark may lie behind it; null where a style says nothing of it."""

    hidden: bool | None = None
    white: bool | None = None
    filled: bool | None = None

    def over(self, base: "Look") -> "Look":
        """This, and where it says nothing what the base says."""
        return Look(*(mine if mine is not None else its for mine, its in zip(self, base, strict=True)))
