import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind
from shared.ingest.extract import extract, plan
from shared.ingest.kinds import Kind
from shared.ingest.limits import TABLE_PAGE_CHARACTERS


def pages(path, content, encoding="utf-8"):
    path.write_bytes(content.encode(encoding))
    planned = plan(path, Kind.CSV.value)
    found = [page for shard in range(planned.shards) for page in extract(path, planned.kind, shard).pages]
    assert [page.number for page in found] == list(range(1, (planned.pages or 0) + 1))
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_content(tmp_path, delimiter):
    rows = (["Name", "Price", "Town"], ["Anna", "1", "Oslo"], ["Otto", "2", "Bonn"])
    (page,) = pages(tmp_path / "a", "\n".join(delimiter.join(row) for row in rows))
    assert page.text == "Name | Price | Town\nAnna | 1 | Oslo\nOtto | 2 | Bonn"
    assert [block.kind for block in page.blocks] == [BlockKind.TABLE]


def test_commas_in_numbers_do_not_hide_a_semicolon(tmp_path):
    (page,) = pages(tmp_path / "a", "Name;Price\nAnna;1,50\nOtto;2,75\n")
    assert page.text == "Name | Price\nAnna | 1,50\nOtto | 2,75"


def test_the_delimiter_that_excel_names_is_taken(tmp_path):
    (page,) = pages(tmp_path / "a", "sep=;\nName;Price\nAnna;1\n")
    assert page.text == "Name | Price\nAnna | 1"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_any_encoding_is_read(tmp_path, encoding):
    (page,) = pages(tmp_path / "a", "Größe,Straße\ngroß,Königsallee\n" * 20, encoding)
    assert page.text.startswith("Größe | Straße\ngroß | Königsallee")


def test_bytes_that_are_no_utf_8_are_found_however_late_they_come(tmp_path):
    content = "Name,Town\n" + "Anna,Oslo\n" * 9_000 + "Jörg,Köln\nJürgen Müller,Düsseldorf\nKäthe Groß,Lübeck\n" * 20
    assert "Jürgen Müller | Düsseldorf" in pages(tmp_path / "a", content, "cp1252")[-1].text


def test_quoted_cells_keep_delimiters_and_lose_line_feeds(tmp_path):
    (page,) = pages(tmp_path / "a", 'Name,Text\nAnna,"one,\n\ntwo ""three"""\n')
    assert page.text == 'Name | Text\nAnna | one, two "three"'


def test_ragged_rows_stay_rows(tmp_path):
    (page,) = pages(tmp_path / "a", "A,B,C\n1\n1,2,3,4\n,,\n\n1,2,3\n")
    assert page.text == "A | B | C\n1\n1 | 2 | 3 | 4\n1 | 2 | 3"


def test_every_row_is_read_once_and_every_page_begins_with_the_header(tmp_path):
    rows = [f"{number},Person {number} {'x' * 60},City" for number in range(60_000)]
    found = pages(tmp_path / "a", "\n".join(["Number,Name,City", *rows]))
    assert {page.text.split("\n")[0] for page in found} == {"Number | Name | City"}
    numbers = [int(line.split(" | ")[0]) for page in found for line in page.text.split("\n")[1:]]
    assert numbers == list(range(60_000))
    assert len(found) == 61


def test_a_table_without_a_header_repeats_nothing(tmp_path):
    found = pages(tmp_path / "a", "\n".join(f"{number},Anna" for number in range(1_500)))
    assert [page.text.split("\n")[0] for page in found] == ["0 | Anna", "1000 | Anna"]


def test_a_quote_that_is_not_closed_is_refused_with_its_line(tmp_path):
    path = tmp_path / "a"
    path.write_text('A,B\n1,"open\n' + "x,y\n" * TABLE_PAGE_CHARACTERS)
    with pytest.raises(RejectedFileError, match="near line") as refusal:
        plan(path, Kind.CSV.value)
    assert refusal.value.failure is FailureCode.CORRUPT
