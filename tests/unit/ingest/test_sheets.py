import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind
from shared.ingest.extract import extract, judge, plan
from shared.ingest.kinds import Kind
from shared.ingest.sandbox import open_contained
from tests.unit.ingest.workbooks import write_workbook


def read(path):
    planned = plan(path, Kind.XLSX.value)
    assert planned.kind is Kind.XLSX
    return [extract(path, planned.kind, shard) for shard in range(planned.shards)]


def text_of(path):
    return "\n".join(page.text for part in read(path) for page in part.pages)


def test_a_sheet_is_a_page_under_its_name(tmp_path):
    path = write_workbook(tmp_path / "a", {"Ducks": [["Year", "Ducks"], [2019, 120.5]], "Geese": [["Year", "Geese"], [2020, 7]]})
    (part,) = read(path)
    assert [page.text for page in part.pages] == ["Ducks\n\nYear | Ducks\n2019 | 120.5", "Geese\n\nYear | Geese\n2020 | 7"]
    assert [block.kind for block in part.pages[0].blocks] == [BlockKind.HEADING, BlockKind.TABLE]
    assert [page.number for page in part.pages] == [1, 2]


def test_a_long_sheet_is_several_pages_that_each_begin_with_the_header(tmp_path):
    rows = [["Number", "Name"], *([number, f"Name {number}"] for number in range(2_500))]
    (part,) = read(write_workbook(tmp_path / "a", {"Long": rows}))
    assert [page.text.split("\n")[2] for page in part.pages] == ["Number | Name"] * 3
    assert [page.text.split("\n")[-1] for page in part.pages] == ["998 | Name 998", "1998 | Name 1998", "2499 | Name 2499"]


def test_a_merged_cell_speaks_in_each_row_that_it_covers(tmp_path):
    rows = [["Region", "City"], ["North", "Oslo"], [None, "Bergen"], [None, "Narvik"]]
    assert text_of(write_workbook(tmp_path / "a", {"S": rows}, merged="A2:A3")).endswith(
        "North | Oslo\nNorth | Bergen\n | Narvik"
    )


def test_a_title_merged_over_the_table_is_a_heading_once(tmp_path):
    rows = [["Ducks a year", None], ["Year", "Ducks"], [2019, 120]]
    (part,) = read(write_workbook(tmp_path / "a", {"S": rows}, merged="A1:B1"))
    assert part.pages[0].text == "S\n\nDucks a year\n\nYear | Ducks\n2019 | 120"
    assert [block.kind for block in part.pages[0].blocks] == [BlockKind.HEADING, BlockKind.HEADING, BlockKind.TABLE]


def test_an_empty_row_parts_two_tables(tmp_path):
    rows = [["A", "B"], [1, 2], [], ["C", "D"], [3, 4]]
    (part,) = read(write_workbook(tmp_path / "a", {"S": rows}))
    assert [block.kind for block in part.pages[0].blocks].count(BlockKind.TABLE) == 2


def test_hidden_sheets_are_left_out_with_a_note(tmp_path):
    path = write_workbook(tmp_path / "a", {"Open": [["seen", "by all"]], "Secret": [["unseen", "salary"]]}, hidden=["Secret"])
    (part,) = read(path)
    assert part.notes == ("1 hidden sheet was left out.",)
    assert [("seen" in page.text, "salary" in page.text) for page in part.pages] == [(True, False)]


def test_a_workbook_without_cells_is_empty(tmp_path):
    (part,) = read(write_workbook(tmp_path / "a", {"Sheet1": []}))
    with pytest.raises(RejectedFileError) as refusal:
        judge(Kind.XLSX, part.characters, has_pictures=part.has_pictures)
    assert refusal.value.failure is FailureCode.EMPTY


def test_a_sheet_of_too_many_cells_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("shared.ingest.formats.sheets.MAX_SHEET_CELLS", 5)
    with pytest.raises(RejectedFileError, match="more than 5 cells") as refusal:
        read(write_workbook(tmp_path / "a", {"S": [["a", "b"], ["c", "d"], ["e", "f"]]}))
    assert refusal.value.failure is FailureCode.TOO_LARGE


async def test_two_cells_far_apart_take_no_memory_but_the_child_they_are_read_in(tmp_path):
    path = write_workbook(tmp_path / "a", {"S": [["a"]]}, last_row='<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    with pytest.raises(RejectedFileError, match="more memory") as refusal:
        await open_contained(path, Kind.XLSX.value)
    assert refusal.value.failure is FailureCode.TOO_LARGE


def test_a_workbook_that_unpacks_to_far_more_than_it_is_stops_the_reading(tmp_path):
    path = write_workbook(tmp_path / "a", {"S": [["a"]]}, last_row=" " * 40_000_000)
    with pytest.raises(RejectedFileError, match="unpacks") as refusal:
        read(path)
    assert refusal.value.failure is FailureCode.TOO_LARGE
