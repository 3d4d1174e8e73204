"""Workbooks: XLSX, XLS and ODS by calamine. A sheet is a page, a long one several; hidden sheets are left out."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path, PurePosixPath
from zipfile import is_zipfile

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import TextPage
from shared.ingest.archive import corrupt, locked, opened_archive
from shared.ingest.embedded import embedded_notes
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.limits import MAX_SHEET_CELLS
from shared.ingest.tables import Parting, Row, extraction_of, page_of

_PARSED = (".xml", ".rels", ".bin")
_PIECE_BYTES = 256 * 1024


def layout(path: Path) -> Layout:
    """Raises RejectedFileError: corrupt, encrypted, too_large."""
    parting = Parting()
    with _opened(path) as workbook:
        for sheet in _sheets(workbook):
            for _ in parting.parts(_rows(sheet)):
                pass
    return parting.layout()


def read(path: Path, shard: int) -> Extraction:
    """The shard's pages, each under its sheet's name. Raises as `layout`."""
    with _opened(path) as workbook:
        hidden = sum(metadata.visible != SheetVisibleEnum.Visible for metadata in workbook.sheets_metadata)
        notes = [f"{hidden:,} hidden sheet{' was' if hidden == 1 else 's were'} left out."] if hidden else []
        notes += _notes_of_parts(path)
        return extraction_of(list(_pages(workbook, shard)), notes if shard == 0 else ())


def _pages(workbook: CalamineWorkbook, shard: int) -> Iterator[TextPage]:
    parting = Parting()
    for sheet in _sheets(workbook):
        for part in parting.parts(_rows(sheet)):
            if part.shard > shard:
                return
            if part.shard == shard:
                yield page_of(part, sheet.name)


def _opened(path: Path) -> CalamineWorkbook:
    if is_zipfile(path):
        _check_unpacked(path)
    try:
        with path.open("rb") as file:  # By its content: what it is called says nothing here.
            return CalamineWorkbook.from_filelike(file)
    except PasswordError as error:
        raise locked() from error
    except CalamineError as error:
        raise corrupt() from error


def _check_unpacked(path: Path) -> None:
    """Inflate what will be parsed, for its real size: the parser would take whatever comes. Raises as `opened_archive`."""
    with opened_archive(path) as archive:
        for name in archive.names:
            if name.lower().endswith(_PARSED):
                with archive.opened(name) as entry:
                    while entry.read(_PIECE_BYTES):
                        pass


def _notes_of_parts(path: Path) -> list[str]:
    """Notes of what lies beside the sheets."""
    if not is_zipfile(path):
        return []
    with opened_archive(path) as archive:
        commented = any(PurePosixPath(name).name.lower().startswith(("comments", "threadedcomment")) for name in archive.names)
        return [*(["Comments on cells were left out."] if commented else []), *embedded_notes(archive)]


def _sheets(workbook: CalamineWorkbook) -> Iterator[CalamineSheet]:
    """Those that a reader sees, one in memory at a time."""
    for index, metadata in enumerate(workbook.sheets_metadata):
        if not _is_shown(metadata):
            continue
        try:
            sheet = workbook.get_sheet_by_index(index)
        except CalamineError as error:
            raise corrupt() from error
        if sheet.height * sheet.width > MAX_SHEET_CELLS:
            message = f"A sheet of the workbook has more than {MAX_SHEET_CELLS:,} cells. Save it as CSV, and upload that."
            raise RejectedFileError(FailureCode.TOO_LARGE, message)
        yield sheet


def _is_shown(metadata: SheetMetadata) -> bool:
    return metadata.visible == SheetVisibleEnum.Visible and metadata.typ == SheetTypeEnum.WorkSheet


def _rows(sheet: CalamineSheet) -> Iterator[Row]:
    """The sheet's filled part: a merged cell says its text in each place that it covers, and an empty row parts two tables."""
    if sheet.start is None:
        return
    top, left = sheet.start
    starts: dict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
    for first, last in sheet.merged_cell_ranges or ():
        starts[first[0] - top][first[1] - left] = last[0] - top, last[1] - left
    covered: dict[int, tuple[int, str]] = {}
    for number, values in enumerate(sheet.to_python()):
        row = [_text(value) for value in values]
        covered = {column: held for column, held in covered.items() if held[0] >= number}
        for column, (bottom, right) in starts[number].items() if number in starts else ():
            text = row[column] if 0 <= column < len(row) else ""
            covered |= dict.fromkeys(range(max(column, 0), min(right + 1, len(row))), (bottom, text))
        # A title stays one cell though it is merged over a table, and an empty row stays empty.
        is_row = sum(map(bool, row)) > 1 or any(text and column not in covered for column, text in enumerate(row))
        if covered and is_row:
            row = [text or covered.get(column, (0, ""))[1] for column, text in enumerate(row)]
        yield row


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).upper()
        case float():
            return format(value, ".15g")
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ", "seconds")
        case _:
            return str(value)
