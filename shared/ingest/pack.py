"""Atoms to groups: each group is one passage."""

from collections.abc import Iterable, Iterator, Sequence

from shared.domain.page import BlockKind
from shared.ingest.atoms import Atom
from shared.ingest.budget import Budget

_RUNNING = {BlockKind.PARAGRAPH, BlockKind.LIST_ITEM}


def pack(atoms: Iterable[Atom], budget: Budget) -> Iterator[list[Atom]]:
    """Groups of neighbours on a page, filled to the target; headings move on to the text that they head."""
    group: list[Atom] = []
    for atom in atoms:
        if group and _closes(group, atom, budget):
            kept, carried = _carried(group, atom, budget)
            yield kept
            group = carried
        group.append(atom)
    if group:
        yield group


def tokens_of(group: Sequence[Atom]) -> int:
    """The group's tokens, the header of a continued table among them."""
    return sum(atom.tokens for atom in group) + (group[0].header_tokens if group else 0)


def _closes(group: Sequence[Atom], atom: Atom, budget: Budget) -> bool:
    # Headings alone would be found by their words and say nothing, so the text below them may join them beyond the target.
    only_headings = all(each.kind is BlockKind.HEADING for each in group)
    if tokens_of(group) + atom.tokens > (budget.most if only_headings else budget.target):
        return True
    text = sum(each.tokens for each in group if each.kind is not BlockKind.HEADING)
    return atom.kind is BlockKind.HEADING and group[-1].kind is not BlockKind.HEADING and text >= budget.small


def _carried(group: list[Atom], atom: Atom, budget: Budget) -> tuple[list[Atom], list[Atom]]:
    """What the closed group keeps, and what the next begins with: trailing headings, or a short sentence as overlap."""
    last = group[-1]
    texts = [number for number, each in enumerate(group) if each.kind is not BlockKind.HEADING]
    if texts and texts[-1] + 1 < len(group):
        headings = group[texts[-1] + 1 :]
        fits = tokens_of(headings) + atom.tokens <= budget.most
        return (group[: texts[-1] + 1], headings) if fits else (group, [])
    overlaps = atom.block == last.block and last.kind in _RUNNING and last.tokens <= budget.overlap
    return group, [last] if overlaps and len(group) > 1 and last.tokens + atom.tokens <= budget.target else []
