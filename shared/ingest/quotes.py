"""Rows of delimited lines in which quotation marks may stand astray: one that nobody closes is a character of its own cell."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.limits import MAX_TABLE_CELL_CHARACTERS

_LONG_LINES = 50
"""A quoted cell of more lines is looked at: whether what it holds is text or the table's own rows."""

_FEWEST = 3
"""Lines, and cells in each, that are no rows by chance."""


class QuotedRows:
    """The rows of lines that say anything, as a stream; `strays` are the numbers of lines whose marks were read as characters."""

    def __init__(self, lines: Iterable[str], delimiter: str, lines_before: int = 0) -> None:
        csv.field_size_limit(MAX_TABLE_CELL_CHARACTERS)
        self.strays: list[int] = []
        self._lines, self._delimiter, self._before = _Lines(lines, delimiter), delimiter, lines_before

    def __iter__(self) -> Iterator[list[str]]:
        """Raises RejectedFileError(corrupt) for a cell that is longer than any."""
        reader = csv.reader(self._lines, delimiter=self._delimiter, skipinitialspace=True, strict=True)
        while (row := self._strict_row(reader)) is not None:
            if any(row):
                yield row
            self._before += len(self._lines.taken)
            self._lines.taken = []

    def _strict_row(self, reader: Iterator[list[str]]) -> list[str] | None:
        row, lines = _next(reader), self._lines
        if row is None:
            return self._lenient_row() if lines.taken else None
        if len(lines.taken) == 1:
            lines.columns = len(row) or lines.columns
        elif lines.count_rows() == len(lines.taken) and (len(row) != lines.columns or min(len(lines.taken), len(row)) >= _FEWEST):
            # Two stray marks look like those of one cell, but each of its lines is a row.
            return self._plain_row()
        return row

    def _lenient_row(self) -> list[str]:
        """A row with marks that should have been doubled; not one that would take other rows in."""
        lines = self._lines
        lines.give_back(0)
        row = _next(csv.reader(lines, delimiter=self._delimiter, skipinitialspace=True))
        is_open = lines.has_ended or (len(lines.taken) > 1 and lines.are_rows())
        return self._plain_row() if row is None or is_open else row

    def _plain_row(self) -> list[str]:
        """The first line as it stands."""
        self._lines.give_back(1)
        number = self._before + 1
        plain = csv.reader(self._lines.taken, delimiter=self._delimiter, skipinitialspace=True, quoting=csv.QUOTE_NONE)
        row = _next(plain)
        if row is None:
            most = f"more than {MAX_TABLE_CELL_CHARACTERS:,} characters"
            message = f"The table breaks in line {number:,}: a cell that begins there has {most}. Mend it there."
            raise RejectedFileError(FailureCode.CORRUPT, message)
        self.strays.append(number)
        return row


class _Lines:
    """Lines that can be given back: `taken` are those of the row that is being read, `columns` is how wide the last row was."""

    def __init__(self, lines: Iterable[str], delimiter: str) -> None:
        self.taken: list[str] = []
        self.columns = 0
        self.has_ended = False
        self._lines, self._delimiter = iter(lines), delimiter
        self._again: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) == _LONG_LINES and self.are_rows():
            raise csv.Error
        line = self._again.popleft() if self._again else next(self._lines, None)
        if line is None:
            self.has_ended = True
            raise StopIteration
        self.taken.append(line)
        return line

    def give_back(self, kept: int) -> None:
        """Keep so many of the taken lines, and have the others come again."""
        self._again.extendleft(reversed(self.taken[kept:]))
        self.taken = self.taken[:kept]
        self.has_ended = False

    def are_rows(self) -> bool:
        """Whether most of the taken lines are rows of the table by themselves."""
        return self.count_rows() * 2 > len(self.taken)

    def count_rows(self) -> int:
        """How many of the taken lines have the delimiters of the last row, or of the first line where there was none."""
        marks = self.columns - 1 if self.columns else self.taken[0].count(self._delimiter)
        return sum(line.count(self._delimiter) == marks for line in self.taken)


def _next(reader: Iterator[list[str]]) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error:
        return None
