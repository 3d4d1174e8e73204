"""Blocks to atoms: what a passage is packed from, a whole block or a part of one that is too long."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.domain.page import BlockKind, TextPage
from shared.ingest.budget import Budget
from shared.ingest.split import Span, parts_of, pieces_of, trimmed

_HEADING_CHARACTERS = 120  # In a path; the text has the whole.


class Atom(NamedTuple):
    """A span of a page that is packed whole; `block` numbers its block in the document, `header` is its cut table's first row."""

    page: int
    block: int
    span: Span
    kind: BlockKind
    path: tuple[str, ...]
    tokens: int
    header: str = ""
    header_tokens: int = 0


def atoms_of(pages: Sequence[TextPage], budget: Budget) -> list[Atom]:
    """All atoms in reading order; counted in a few large batches, since each call to a tokenizer has its price."""
    blocks = _measured(list(_blocks(pages)), pages, budget)
    long = [block for block in blocks if block.tokens > budget.whole]
    parts = iter(_cut(long, pages, budget))
    return [atom for block in blocks for atom in (next(parts) if block.tokens > budget.whole else [block])]


def _blocks(pages: Sequence[TextPage]) -> Iterator[Atom]:
    """Each block that is not blank, with the headings above it; these hold over the page's edge."""
    above: list[tuple[int, str]] = []
    block_number = 0
    for page_number, page in enumerate(pages):
        for block in page.blocks:
            span = trimmed(page.text, Span(block.start, block.end))
            if span is None:
                continue
            if block.kind is BlockKind.HEADING:
                # A heading ends those of its own level and below, whatever levels the author left out.
                above = [(level, text) for level, text in above if level < block.level]
            path = tuple(text for _, text in above)
            yield Atom(page_number, block_number, span, block.kind, path, 0)
            if block.kind is BlockKind.HEADING:
                above.append((block.level, " ".join(page.text[span.start : span.end].split())[:_HEADING_CHARACTERS]))
            block_number += 1


def _measured(atoms: Sequence[Atom], pages: Sequence[TextPage], budget: Budget) -> list[Atom]:
    tokens = budget.measure([pages[atom.page].text[atom.span.start : atom.span.end] for atom in atoms])
    return [atom._replace(tokens=count) for atom, count in zip(atoms, tokens, strict=True)]


def _cut(blocks: Sequence[Atom], pages: Sequence[TextPage], budget: Budget) -> list[list[Atom]]:
    """The parts of each block: sentences, lines or rows, and pieces of those that are still too long."""
    parts = [part for block in blocks for part in _parts(block, pages[block.page].text)]
    parts = _headed(_measured(parts, pages, budget), pages, budget)
    while any(_is_long(part, budget) for part in parts):
        parts = [piece for part in parts for piece in _pieces(part, pages, budget)]
    cut: dict[int, list[Atom]] = {block.block: [] for block in blocks}
    for part in parts:
        cut[part.block].append(part)
    return list(cut.values())


def _parts(block: Atom, text: str) -> list[Atom]:
    return [block._replace(span=span) for span in parts_of(block.kind, text, block.span)]


def _headed(parts: Sequence[Atom], pages: Sequence[TextPage], budget: Budget) -> list[Atom]:
    """The rows of each cut table but its first, with the first as their header, where that is short."""
    headed: list[Atom] = []
    first: Atom | None = None
    for part in parts:
        if first is None or part.block != first.block:
            first = part
        elif part.kind is BlockKind.TABLE and first.tokens <= budget.header:
            header = pages[first.page].text[first.span.start : first.span.end]
            part = part._replace(header=header, header_tokens=first.tokens)  # noqa: PLW2901 - The same row, with what it needs.
        headed.append(part)
    return headed


def _is_long(part: Atom, budget: Budget) -> bool:
    return part.tokens + part.header_tokens > budget.target and part.span.end - part.span.start > 1


def _pieces(part: Atom, pages: Sequence[TextPage], budget: Budget) -> list[Atom]:
    if not _is_long(part, budget):
        return [part]
    spans = pieces_of(pages[part.page].text, part.span, -(-part.tokens // (budget.target - part.header_tokens)))
    return _measured([part._replace(span=span) for span in spans], pages, budget)
