"""Pages to passages: packed by structure up to what an embedder reads whole, each an exact span of one page."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import NamedTuple

from shared.domain.base import Model
from shared.domain.chunk import Place
from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind, TextPage
from shared.ingest.atoms import Atom, Headings, atoms_of
from shared.ingest.budget import Budget, Count
from shared.ingest.limits import MAX_CHUNKS
from shared.ingest.pack import pack, tokens_of
from shared.ingest.split import Span, pieces_of

_AT_ONCE = 256  # Passages that are counted together.


class TextChunk(Model):
    """A passage. Its text is its place's span of its page, character for character; only where it continues a cut table do
    the table's first row and a line feed come before. `tokens` is the sum of its parts', with those that the embedder adds.
    """

    text: str
    place: Place
    tokens: int


class _Draft(NamedTuple):
    page: TextPage
    span: Span
    path: tuple[str, ...]
    header: str
    tokens: int
    loose: int  # How many more it may count: joined texts may count more than their parts.

    @property
    def text(self) -> str:
        return self.header + self.page.text[self.span.start : self.span.end]


class Chunker:
    """Cuts pages that come one after another, so that a long document need not be in memory at once.

    Passages have at most `max_tokens`, as `count` counts them, and come in reading order; none crosses a page's edge. Every
    character of every block but white space is in one. A heading stands with the text below it on its page. Only passages of
    one cut paragraph overlap, by a short sentence. The same pages give the same passages, however they are handed in.
    """

    def __init__(self, count: Count, max_tokens: int, max_passages: int = MAX_CHUNKS) -> None:
        self._budget = Budget(count, max_tokens)
        self._headings = Headings()
        self._max_passages = max_passages
        self._left = max_passages

    def cut(self, pages: Iterable[TextPage]) -> Iterator[TextChunk]:
        """The passages of the pages that follow those of the last call, which must have been taken to its end.

        Raises RejectedFileError(too_large) at the first passage that is one too many.
        """
        for page in pages:
            groups = pack(atoms_of(page, self._headings, self._budget), self._budget)
            while some := list(islice(groups, _AT_ONCE)):
                drafts = [_draft(page, group) for group in some]
                yield from (_chunk(draft, self._budget) for draft in self._admitted(_fitted(drafts, self._budget)))

    def _admitted(self, drafts: list[_Draft]) -> Iterator[_Draft]:
        for draft in drafts:
            if not self._left:
                message = f"The text gives more than {self._max_passages:,} passages. Split the file and upload the parts."
                raise RejectedFileError(FailureCode.TOO_LARGE, message)
            self._left -= 1
            yield draft


def chunk(pages: Iterable[TextPage], count: Count, max_tokens: int) -> list[TextChunk]:
    """All passages of a whole document, as `Chunker` cuts them."""
    return list(Chunker(count, max_tokens).cut(pages))


def _draft(page: TextPage, group: Sequence[Atom]) -> _Draft:
    texts = [atom.path for atom in group if atom.kind is not BlockKind.HEADING]
    path = _shared(texts or [atom.path for atom in group])
    header = f"{group[0].header}\n" if group[0].header else ""
    span = Span(group[0].span.start, group[-1].span.end)
    # One for each character in between, and one for each joint.
    between = span.end - span.start - sum(atom.span.end - atom.span.start for atom in group)
    return _Draft(page, span, path, header, tokens_of(group), between + len(group))


def _shared(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The headings that stand above all."""
    levels = zip(*paths, strict=False)
    return tuple(names[0] for names in takewhile(lambda names: len(set(names)) == 1, levels))


def _fitted(drafts: list[_Draft], budget: Budget) -> list[_Draft]:
    """The drafts, those cut that came out too long. Few come near: to count all again would double the work of cutting."""
    while unsure := [draft for draft in drafts if _may_be_cut(draft, budget)]:
        counted = iter(budget.measure([draft.text for draft in unsure]))
        drafts = [
            part
            for draft in drafts
            for part in (_counted(draft, next(counted), budget) if _may_be_cut(draft, budget) else [draft])
        ]
    return drafts


def _may_be_cut(draft: _Draft, budget: Budget) -> bool:
    return draft.tokens + draft.loose > budget.most and (bool(draft.header) or draft.span.end - draft.span.start > 1)


def _counted(draft: _Draft, tokens: int, budget: Budget) -> list[_Draft]:
    """The draft as it was counted, or what is made of it where it is too long."""
    draft = draft._replace(tokens=tokens, loose=0)
    if tokens <= budget.most:
        return [draft]
    # The header is a repetition, and the row alone is still right; its own text must not be lost.
    if draft.header:
        return [draft._replace(header="")]
    return [draft._replace(span=span) for span in pieces_of(draft.page.text, draft.span, 2)]


def _chunk(draft: _Draft, budget: Budget) -> TextChunk:
    place = Place(page=draft.page.number, start=draft.span.start, end=draft.span.end, headings=draft.path)
    return TextChunk(text=draft.text, place=place, tokens=draft.tokens + budget.added)
