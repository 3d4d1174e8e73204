"""Reads a model's text as it streams: markers become citations checked against the stored chunks, addresses are contained."""

from collections.abc import Iterable, Iterator, Sequence

from shared.agent.citations import Cited, MarkerParser, NothingFound, Piece
from shared.agent.containment import Containment
from shared.agent.quotes import QuotableText
from shared.domain.chunk import Passage, Place
from shared.domain.conversation import Citation


class Evidence:
    """The passages that an answer may cite."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = {passage.number: passage for passage in passages}
        self._texts = {passage.number: QuotableText(passage.chunk.text) for passage in passages}

    def check(self, cited: Cited) -> Citation | None:
        """The citation with the quote's own place; one whose quote stands in no passage is not verified, and its place is the
        passage's. A quote that stands in another passage than the one named is that one's. None for a number that was not given.
        """
        if cited.number not in self._passages:
            return None
        # Models miscount more often than they misquote, so a quote may prove itself in another passage.
        for number in (cited.number, *(other for other in self._passages if other != cited.number)):
            if span := self._texts[number].find(cited.quote):
                return _verified(self._passages[number], span)
        return _unverified(self._passages[cited.number], cited.quote)


def _verified(passage: Passage, span: tuple[int, int]) -> Citation:
    start, end = span
    place = passage.chunk.place
    own = Place(page=place.page, start=place.start + start, end=place.start + end, headings=place.headings)
    return _citation(passage, passage.chunk.text[start:end], own, verified=True)


def _unverified(passage: Passage, quote: str) -> Citation:
    return _citation(passage, quote, passage.chunk.place, verified=False)


def _citation(passage: Passage, quote: str, place: Place, *, verified: bool) -> Citation:
    return Citation(
        number=passage.number,
        document_id=passage.chunk.document_id,
        document_title=passage.document_title,
        chunk_id=passage.chunk.id,
        quote=quote,
        place=place,
        verified=verified,
    )


class Reader:
    """Pieces of a model's text in, shown text and citations out. Without passages there is no citation syntax to read.

    A verified citation is shown as `[N]`, an unverified one as `[N?]`, so that plain text too does not show it as proof; a number
    that was not given is not shown at all. `gave_up` says that the model wrote `[[not found]]`; written before anything
    else, what follows it is not shown.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self.gave_up = False
        self.has_begun = False
        self._parser = MarkerParser() if passages else None
        self._evidence = Evidence(passages)
        self._told: list[Citation] = []
        sources = [passage.chunk.text for passage in passages]
        self._containment = Containment(source_hosts=() if passages else None, sources=sources)

    def feed(self, text: str) -> Iterator[str | Citation]:
        """What the next piece shows; a citation comes no later than its number in the text."""
        yield from self._read(self._parser.feed(text) if self._parser else [text])

    def close(self) -> Iterator[str | Citation]:
        """What was held back until the end."""
        yield from self._read(self._parser.close() if self._parser else [])
        if (rest := self._containment.close()) and not self._is_silent:
            yield rest

    @property
    def _is_silent(self) -> bool:
        return self.gave_up and not self.has_begun

    def _read(self, pieces: Iterable[Piece]) -> Iterator[str | Citation]:
        shown = ""
        for piece in pieces:
            if self._is_silent:
                return
            if isinstance(piece, NothingFound):
                self.gave_up = True
                continue
            citation = self._evidence.check(piece) if isinstance(piece, Cited) else None
            if citation and citation not in self._told:
                self._told.append(citation)
                yield citation
            shown += self._containment.feed(piece if isinstance(piece, str) else _label(citation))
            self.has_begun = self.has_begun or bool(citation) or (isinstance(piece, str) and not piece.isspace())
        if shown:
            yield shown


def _label(citation: Citation | None) -> str:
    if citation is None:
        return ""
    return f"[{citation.number}]" if citation.verified else f"[{citation.number}?]"
