"""What word processors, slides and the like say in paragraphs and tables, as blocks: tables are put together row by row."""

from collections import Counter
from dataclasses import dataclass, field

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind, TextPage
from shared.ingest.extraction import Extraction
from shared.ingest.limits import MAX_CELLS, MAX_CHARACTERS, MAX_PAGES, MAX_TABLE_DEPTH
from shared.ingest.markup import Piece
from shared.ingest.normal import clean, squeeze
from shared.ingest.pages import PageBuilder


@dataclass
class _Table:
    rows: list[list[list[Piece]]] = field(default_factory=list)


class Flow:
    """Takes paragraphs and the edges of tables in reading order; holds one outermost table at a time, of a bounded size."""

    def __init__(self, number: int | None) -> None:
        self._page = PageBuilder(number)
        self._tables: list[_Table] = []
        self._cells = 0
        self._characters = 0

    @property
    def in_table(self) -> bool:
        """Whether a table is open."""
        return bool(self._tables)

    def add(self, text: str, kind: BlockKind = BlockKind.PARAGRAPH, level: int = 0) -> None:
        """A paragraph, where the flow has come to; blank ones add nothing."""
        text = squeeze(clean(text)).strip()
        self.put(kind, " ".join(text.split()) if level else text, level)

    def put(self, kind: BlockKind, text: str, level: int = 0) -> None:
        """A block whose text is as it shall be."""
        if not text:
            return
        self._characters += len(text)
        if self._characters > MAX_CHARACTERS:
            raise _too_long()
        self._put(Piece(kind, text, level))

    def open_table(self) -> None:
        """A table begins, in a cell of another one or by itself."""
        if len(self._tables) >= MAX_TABLE_DEPTH:
            message = f"The file nests tables more than {MAX_TABLE_DEPTH} deep. Save its text in a simpler form."
            raise RejectedFileError(FailureCode.TOO_LARGE, message)
        self._tables.append(_Table())

    def open_row(self) -> None:
        """A row of the table that was opened last."""
        if self._tables:
            self._tables[-1].rows.append([])

    def open_cell(self) -> None:
        """A cell; what follows goes into it."""
        if not self._tables or not self._tables[-1].rows:
            return
        self._cells += 1
        if self._cells > MAX_CELLS:
            message = f"The tables of the file have more than {MAX_CELLS:,} cells. Save them as CSV, and upload that."
            raise RejectedFileError(FailureCode.TOO_LARGE, message)
        self._tables[-1].rows[-1].append([])

    def close_table(self) -> None:
        """The table is whole: rows as lines; one of a single column lays out a page and gives its paragraphs."""
        if not self._tables:
            return
        rows = self._tables.pop().rows
        if max(map(len, rows), default=0) > 1:
            lines = (" | ".join(_cell_text(cell) for cell in row) for row in rows if any(row))
            self._put(Piece(BlockKind.TABLE, "\n".join(lines)))
            return
        for piece in (piece for row in rows for cell in row for piece in cell):
            self._put(piece)

    def build(self) -> TextPage:
        """The page; tables that the file left open are closed."""
        while self._tables:
            self.close_table()
        return self._page.build()

    def _put(self, piece: Piece) -> None:
        table = self._tables[-1] if self._tables else None
        if table is not None and table.rows and table.rows[-1]:
            table.rows[-1][-1].append(piece)
        else:
            self._page.add(piece.kind, piece.text, piece.level)


class Book:
    """Pages in order and what was left out of them."""

    def __init__(self) -> None:
        self._pages: list[TextPage] = []
        self._characters = 0
        self.left_out: Counter[str] = Counter()

    def add(self, page: TextPage) -> None:
        """The next page. Raises RejectedFileError(too_large)."""
        self._characters += len(page.text)
        if self._characters > MAX_CHARACTERS or len(self._pages) >= MAX_PAGES:
            raise _too_long()
        self._pages.append(page)

    def extraction(self) -> Extraction:
        """All of it, with a sentence for each reason to leave something out."""
        notes = tuple(f"{reason} was left out ({count:,} found)." for reason, count in self.left_out.items() if count)
        return Extraction(pages=tuple(self._pages), characters=self._characters, notes=notes)


def _cell_text(cell: list[Piece]) -> str:
    return " ".join(" ".join(piece.text.split()) for piece in cell)


def _too_long() -> RejectedFileError:
    message = f"The text is longer than {MAX_CHARACTERS:,} characters. Split the file into smaller ones and upload those."
    return RejectedFileError(FailureCode.TOO_LARGE, message)
