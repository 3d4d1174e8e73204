"""Workbooks small enough to be written here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

_MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XMLNS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"

_STATES = ("visible", "hidden")

Cell = str | float | None


def write_workbook(
    path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]], hidden: Sequence[str] = (), merged: str = "", last_row: str = ""
) -> Path:
    """An XLSX of these sheets from A1 on; `merged` is a range of the first one, `last_row` the XML that ends each."""
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        kinds = "".join(
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_MAIN}.worksheet+xml"/>'
            for number in range(1, len(sheets) + 1)
        )
        workbook = f'<Override PartName="/xl/workbook.xml" ContentType="{_MAIN}.sheet.main+xml"/>'
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types">{workbook}{kinds}</Types>')
        archive.writestr("_rels/.rels", _relations({"r0": ("officeDocument", "xl/workbook.xml")}))
        parts = {f"r{number}": ("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)}
        archive.writestr("xl/_rels/workbook.xml.rels", _relations(parts))
        listed = "".join(
            f'<sheet name="{name}" sheetId="{number}" r:id="r{number}" state="{_STATES[name in hidden]}"/>'
            for number, name in enumerate(sheets, start=1)
        )
        archive.writestr("xl/workbook.xml", f'<workbook {_XMLNS} xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>')
        for number, rows in enumerate(sheets.values(), start=1):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", _sheet(rows, merged if number == 1 else "", last_row))
    return path


def _relations(parts: Mapping[str, tuple[str, str]]) -> str:
    each = "".join(f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{to}"/>' for key, (kind, to) in parts.items())
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'


def _sheet(rows: Sequence[Sequence[Cell]], merged: str, last_row: str) -> str:
    lines = "".join(
        f"<row r='{number}'>" + "".join(_cell(column, number, value) for column, value in enumerate(row)) + "</row>"
        for number, row in enumerate(rows, start=1)
    )
    merges = f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    return f"<worksheet {_XMLNS}><sheetData>{lines}{last_row}</sheetData>{merges}</worksheet>"


def _cell(column: int, number: int, value: Cell) -> str:
    place = f"{chr(65 + column)}{number}"
    match value:
        case None:
            return ""
        case str():
            return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
        case _:
            return f'<c r="{place}"><v>{value}</v></c>'
