"""CSV and its kin: read as a stream, so that a long table costs each step the memory of its own rows alone."""

import csv
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from io import StringIO
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple, TextIO

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.encoding import encoding_of
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.limits import MAX_TABLE_CELL_CHARACTERS
from shared.ingest.tables import Part, Parting, Row, extraction_of, page_of

# Where two fit alike the earlier: commas also stand in numbers, semicolons in little but tables.
_DELIMITERS = "\t;|,"
_SAMPLE_CHARACTERS = 64 * 1024
_SAMPLE_ROWS = 200
_NAMED = "sep="  # Excel's first line, which names the delimiter.


class _Form(NamedTuple):
    encoding: str
    delimiter: str
    is_named: bool


def layout(path: Path) -> Layout:
    """A thousand rows are a page. Raises RejectedFileError: unsupported_type, corrupt, too_large."""
    parting = Parting()
    for _ in _parts(path, parting):
        pass
    return parting.layout()


def read(path: Path, shard: int) -> Extraction:
    """The shard's rows, under the table's header. Raises as `layout`."""
    with closing(_parts(path, Parting())) as parts:
        return extraction_of(
            [page_of(part) for part in takewhile(lambda part: part.shard <= shard, parts) if part.shard == shard]
        )


def _parts(path: Path, parting: Parting) -> Generator[Part, None, None]:
    form = _form(path)
    # Replaced rather than refused: what is no UTF-8 has an encoding that is but likely.
    with path.open(encoding=form.encoding, errors="replace", newline="") as file:
        if form.is_named:
            file.readline(_SAMPLE_CHARACTERS)
        yield from parting.parts(_rows(file, form.delimiter))


def _rows(file: TextIO, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(MAX_TABLE_CELL_CHARACTERS)
    rows = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
    try:
        yield from filter(any, rows)
    except csv.Error as error:
        what = "a quotation mark is not closed, or a cell is very long"
        message = f"The table breaks near line {rows.line_num:,}: {what}. Mend it there."
        raise RejectedFileError(FailureCode.CORRUPT, message) from error


def _form(path: Path) -> _Form:
    encoding = encoding_of(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        sample = file.read(_SAMPLE_CHARACTERS)
    first = sample.split("\n", 1)[0].strip().strip('"').lower()
    if first.startswith(_NAMED) and len(first) == len(_NAMED) + 1:
        return _Form(encoding, first[-1], is_named=True)
    return _Form(encoding, max(_DELIMITERS, key=lambda each: _fit(sample, each)), is_named=False)


def _fit(sample: str, delimiter: str) -> tuple[float, int]:
    """The share of rows that have the number of cells which most have, and that number; one column fits nothing."""
    counts: Counter[int] = Counter()
    try:
        for row in csv.reader(StringIO(sample, newline=""), delimiter=delimiter, skipinitialspace=True):
            counts[len(row)] += bool(row)
            if counts.total() >= _SAMPLE_ROWS:
                break
    except csv.Error:
        return 0.0, 0
    columns, rows = max(counts.items(), key=lambda item: (item[0] > 1, item[1]), default=(0, 0))
    return (rows / counts.total(), columns) if columns > 1 and rows else (0.0, 0)
