"""Pages to passages: packed by structure up to what an embedder reads whole, each an exact span of one page."""

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from shared.domain.base import Model
from shared.domain.chunk import Place
from shared.domain.page import BlockKind, TextPage
from shared.ingest.atoms import Atom, atoms_of
from shared.ingest.budget import Budget, Count
from shared.ingest.pack import pack
from shared.ingest.split import Span, pieces_of


class TextChunk(Model):
    """A passage. Its text is its place's span of its page, character for character; only where it continues a cut table do
    the table's first row and a line feed come before.
    """

    text: str
    place: Place


class _Draft(NamedTuple):
    page: TextPage
    span: Span
    path: tuple[str, ...]
    header: str

    @property
    def text(self) -> str:
        return self.header + self.page.text[self.span.start : self.span.end]


def chunk(pages: Sequence[TextPage], count: Count, max_tokens: int) -> list[TextChunk]:
    """Passages of at most `max_tokens`, as `count` counts them, in reading order; none crosses a page's edge.

    Every character of every block but white space is in one. A heading stands with the text below it on its page. Only
    passages of one cut paragraph overlap, by a short sentence. The same input gives the same passages.
    """
    budget = Budget(count, max_tokens)
    drafts = [_draft(pages, group) for group in pack(atoms_of(pages, budget), budget)]
    return [_chunk(draft) for draft in _fitted(drafts, budget)]


def _draft(pages: Sequence[TextPage], group: Sequence[Atom]) -> _Draft:
    texts = [atom.path for atom in group if atom.kind is not BlockKind.HEADING]
    path = _shared(texts or [atom.path for atom in group])
    header = f"{group[0].header}\n" if group[0].header else ""
    return _Draft(pages[group[0].page], Span(group[0].span.start, group[-1].span.end), path, header)


def _shared(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The headings that stand above all."""
    levels = zip(*paths, strict=False)
    return tuple(names[0] for names in takewhile(lambda names: len(set(names)) == 1, levels))


def _fitted(drafts: list[_Draft], budget: Budget) -> list[_Draft]:
    """The drafts, those cut that came out too long: joined texts may count more than their parts."""
    while True:
        tokens = budget.measure([draft.text for draft in drafts])
        long = [count > budget.most and (draft.header or _length(draft) > 1) for draft, count in zip(drafts, tokens, strict=True)]
        if not any(long):
            return drafts
        drafts = [part for draft, is_long in zip(drafts, long, strict=True) for part in (_shorter(draft) if is_long else [draft])]


def _shorter(draft: _Draft) -> list[_Draft]:
    # The header is a repetition, and the row alone is still right; its own text must not be lost.
    if draft.header:
        return [draft._replace(header="")]
    return [draft._replace(span=span) for span in pieces_of(draft.page.text, draft.span, 2)]


def _length(draft: _Draft) -> int:
    return draft.span.end - draft.span.start


def _chunk(draft: _Draft) -> TextChunk:
    place = Place(page=draft.page.number, start=draft.span.start, end=draft.span.end, headings=draft.path)
    return TextChunk(text=draft.text, place=place)
