"""Blocks to atoms: what a passage is packed from, a whole paragraph or table, or a part of one that is too long."""

from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import NamedTuple

from shared.domain.page import BlockKind, TextPage
from shared.ingest.budget import Budget
from shared.ingest.split import Span, paragraphs_of, parts_of, pieces_of, trimmed

_HEADING_CHARACTERS = 120  # In a path; the text has the whole.
_AT_ONCE = 1024
"""Blocks that are counted together: each call to a tokenizer has its price, and a long text must not be in memory as atoms."""


class Atom(NamedTuple):
    """A span of its page that is packed whole; `block` numbers its paragraph on it, `header` is its cut table's first row."""

    block: int
    span: Span
    kind: BlockKind
    path: tuple[str, ...]
    tokens: int
    header: str = ""
    header_tokens: int = 0


class Headings:
    """What stands above a place in the text; it holds over pages' edges until another of its level comes."""

    def __init__(self) -> None:
        self._above: list[tuple[int, str]] = []

    @property
    def path(self) -> tuple[str, ...]:
        """Outermost first."""
        return tuple(text for _, text in self._above)

    def close(self, level: int) -> None:
        """A heading ends those of its own level and below, whatever levels the author left out."""
        self._above = [(above, text) for above, text in self._above if above < level]

    def open(self, level: int, text: str) -> None:
        """A heading of that text and level begins."""
        self._above.append((level, " ".join(text.split())[:_HEADING_CHARACTERS]))


def atoms_of(page: TextPage, headings: Headings, budget: Budget) -> Iterator[Atom]:
    """All atoms of the page in reading order; the headings are moved on along them."""
    blocks = _blocks(page, headings)
    while some := list(islice(blocks, _AT_ONCE)):
        measured = _measured(some, page.text, budget)
        parts = iter(_cut([block for block in measured if block.tokens > budget.whole], page.text, budget))
        for block in measured:
            yield from next(parts) if block.tokens > budget.whole else [block]


def _blocks(page: TextPage, headings: Headings) -> Iterator[Atom]:
    """Each paragraph, table and so on that is not blank, with the headings above it."""
    numbers = count()
    for block in page.blocks:
        whole = trimmed(page.text, Span(block.start, block.end))
        if whole is None:
            continue
        if block.kind is BlockKind.HEADING:
            headings.close(block.level)
        path = headings.path
        yield from (Atom(next(numbers), span, block.kind, path, 0) for span in paragraphs_of(block.kind, page.text, whole))
        if block.kind is BlockKind.HEADING:
            headings.open(block.level, page.text[whole.start : whole.end])


def _measured(atoms: Sequence[Atom], text: str, budget: Budget) -> list[Atom]:
    tokens = budget.measure([text[atom.span.start : atom.span.end] for atom in atoms])
    return [atom._replace(tokens=each) for atom, each in zip(atoms, tokens, strict=True)]


def _cut(blocks: Sequence[Atom], text: str, budget: Budget) -> list[list[Atom]]:
    """The parts of each block: sentences, lines or rows, and pieces of those that are still too long."""
    parts = [part for block in blocks for part in _parts(block, text)]
    parts = _headed(_measured(parts, text, budget), text, budget)
    while any(_is_long(part, budget) for part in parts):
        parts = [piece for part in parts for piece in _pieces(part, text, budget)]
    cut: dict[int, list[Atom]] = {block.block: [] for block in blocks}
    for part in parts:
        cut[part.block].append(part)
    return list(cut.values())


def _parts(block: Atom, text: str) -> list[Atom]:
    return [block._replace(span=span) for span in parts_of(block.kind, text, block.span)]


def _headed(parts: Sequence[Atom], text: str, budget: Budget) -> list[Atom]:
    """The rows of each cut table but its first, with the first as their header, where that is short."""
    headed: list[Atom] = []
    first: Atom | None = None
    for part in parts:
        if first is None or part.block != first.block:
            first = part
        elif part.kind is BlockKind.TABLE and first.tokens <= budget.header:
            header = text[first.span.start : first.span.end]
            part = part._replace(header=header, header_tokens=first.tokens)  # noqa: PLW2901 - The same row, with what it needs.
        headed.append(part)
    return headed


def _is_long(part: Atom, budget: Budget) -> bool:
    return part.tokens + part.header_tokens > budget.target and part.span.end - part.span.start > 1


def _pieces(part: Atom, text: str, budget: Budget) -> list[Atom]:
    if not _is_long(part, budget):
        return [part]
    spans = pieces_of(text, part.span, -(-part.tokens // (budget.target - part.header_tokens)))
    return _measured([part._replace(span=span) for span in spans], text, budget)
