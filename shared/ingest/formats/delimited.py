"""CSV and its kin: read as a stream, so that a long table costs each step the memory of its own rows alone."""

from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from shared.domain.document import RejectedFileError
from shared.domain.page import TextPage
from shared.ingest.encoding import encoding_of
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.quotes import QuotedRows
from shared.ingest.tables import Part, Parting, extraction_of, page_of

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
    for _ in _parts(path, parting, []):
        pass
    return parting.layout()


def read(path: Path, shard: int) -> Extraction:
    """The shard's rows, under the table's header. Raises as `layout`."""
    pages: list[TextPage] = []
    strays: list[int] = []
    notes: tuple[str, ...] = ()
    with closing(_parts(path, Parting(), strays)) as parts:
        for part in parts:
            if part.shard > shard:
                break
            if part.shard == shard:
                pages.append(page_of(part))
                notes = _notes(strays)
            else:
                strays.clear()
    return extraction_of(pages, notes)


def _notes(strays: Sequence[int]) -> tuple[str, ...]:
    if not strays:
        return ()
    if len(strays) == 1:
        return (f"A quotation mark that opens a cell and is not closed was read as a character: in line {strays[0]:,}.",)
    where = f"in {len(strays):,} lines, the first of which is line {strays[0]:,}"
    return (f"Quotation marks that open a cell and are not closed were read as characters: {where}.",)


def _parts(path: Path, parting: Parting, strays: list[int]) -> Generator[Part, None, None]:
    """The table's parts; `strays` comes to hold the lines whose quotation marks were taken for characters so far."""
    form = _form(path)
    # Replaced rather than refused: what is no UTF-8 has an encoding that is but likely.
    with path.open(encoding=form.encoding, errors="replace", newline="") as file:
        if form.is_named:
            file.readline(_SAMPLE_CHARACTERS)
        rows = QuotedRows(file, form.delimiter, lines_before=int(form.is_named))
        rows.strays = strays
        yield from parting.parts(rows)


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
        for row in islice(QuotedRows(StringIO(sample, newline=""), delimiter), _SAMPLE_ROWS):
            counts[len(row)] += 1
    except RejectedFileError:
        return 0.0, 0
    columns, rows = max(counts.items(), key=lambda item: (item[0] > 1, item[1]), default=(0, 0))
    return (rows / counts.total(), columns) if columns > 1 and rows else (0.0, 0)
