"""Rows of cells as pages: a title above, the header first on every page, and an empty row between two tables."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind, TextPage
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.limits import MAX_PAGES, PAGES_PER_SHARD, ROWS_PER_PAGE, TABLE_PAGE_CHARACTERS, TABLE_SHARD_CHARACTERS
from shared.ingest.normal import clean
from shared.ingest.pages import PageBuilder

Row = Sequence[str]

_NUMBER = re.compile(r"[\s$€£¥(+-]*\d[\d\s.,:/%'-]*[)%€$£¥]?\s*")
_BETWEEN = " | "
_MOST_TITLES = 5
_LONGEST_HEADER = 4_000  # It stands on every page.


class Part(NamedTuple):
    """What one page is made of: its place, its rows, and the header of the table that goes on there, empty at its beginning."""

    shard: int
    number: int
    rows: list[Row]
    header: Row = ()


class Parting:
    """Parts rows into pages and pages into shards, the same in every run. A page has a thousand rows, or fewer that are long."""

    def __init__(self) -> None:
        self._number = self._shard = self._pages = self._characters = 0

    def parts(self, rows: Iterable[Row]) -> Iterator[Part]:
        """The parts of one table or sheet, numbered on from the last one's. Raises RejectedFileError(too_large)."""
        header: Row | None = None
        taken: list[Row] = []
        first: Row = ()
        size = 0
        for row in rows:
            if header is None and sum(map(bool, row)) > 1:
                header = row if is_header(row) else ()
            taken.append(row)
            size += sum(map(len, row)) + len(_BETWEEN) * len(row)
            if len(taken) >= ROWS_PER_PAGE or size >= TABLE_PAGE_CHARACTERS:
                yield self._part(taken, size, first)
                taken, size, first = [], 0, header or ()
        if taken:
            yield self._part(taken, size, first)

    def layout(self) -> Layout:
        """How what was parted lies in shards."""
        return Layout(pages=max(1, self._number), shards=self._shard + 1)

    def _part(self, rows: list[Row], size: int, header: Row) -> Part:
        if self._pages and (self._pages >= PAGES_PER_SHARD or self._characters + size > TABLE_SHARD_CHARACTERS):
            self._shard, self._pages, self._characters = self._shard + 1, 0, 0
        self._number, self._pages, self._characters = self._number + 1, self._pages + 1, self._characters + size
        if self._number > MAX_PAGES:
            most = MAX_PAGES * ROWS_PER_PAGE
            message = f"The tables of the file have more than {most:,} rows, or very long ones. Split it, and upload the parts."
            raise RejectedFileError(FailureCode.TOO_LARGE, message)
        return Part(self._shard, self._number, rows, header)


def is_header(row: Row) -> bool:
    """Whether the row names columns: several cells, of which none is a number, and not too long to stand on every page."""
    filled = [cell for cell in row if cell.strip()]
    return len(filled) > 1 and sum(map(len, row)) <= _LONGEST_HEADER and not any(map(_NUMBER.fullmatch, filled))


def page_of(part: Part, title: str = "") -> TextPage:
    """The part's page; a title makes a heading, and so does a row above a table that has one cell."""
    page = PageBuilder(part.number)
    page.add(BlockKind.HEADING, clean(title), 1)
    for number, table in enumerate(_tables(part.rows)):
        # A page that goes on keeps the columns of its header.
        table = table if part.header else _narrowed(table)  # noqa: PLW2901 - The same table.
        titles = 0 if part.header else _titles(table)
        for row in table[:titles]:
            page.add(BlockKind.HEADING if titles < len(table) else BlockKind.PARAGRAPH, clean("".join(row)), 2)
        rows = table[titles:]
        if number == 0 and part.header:
            rows = [[one_line(cell) for cell in part.header], *rows]
        page.add(BlockKind.TABLE, clean("\n".join(map(_BETWEEN.join, rows))))
    return page.build()


def extraction_of(pages: Sequence[TextPage], notes: Sequence[str] = ()) -> Extraction:
    """The extraction of these pages."""
    return Extraction(pages=tuple(pages), characters=sum(len(page.text) for page in pages), notes=tuple(notes))


def one_line(cell: str) -> str:
    """The cell's text without line feeds and doubled spaces: a row is a line."""
    return " ".join(cell.split())


def _tables(rows: Iterable[Row]) -> Iterator[list[Row]]:
    table: list[Row] = []
    for row in rows:
        cells = [one_line(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            table.append(cells)
        elif table:
            yield table
            table = []
    if table:
        yield table


def _narrowed(table: Sequence[Row]) -> list[Row]:
    """The table without columns that are empty in all its rows."""
    filled = sorted({column for row in table for column, cell in enumerate(row) if cell})
    return [[row[column] for column in filled if column < len(row)] for row in table]


def _titles(table: Sequence[Row]) -> int:
    """How many rows at the beginning are titles; a few single cells are, a long column is a table."""
    wide = next((number for number, row in enumerate(table) if sum(map(bool, row)) > 1), len(table))
    if wide == len(table):
        return wide if wide <= _MOST_TITLES else 0
    return min(wide, _MOST_TITLES)
