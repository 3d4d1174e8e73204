import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind
from shared.ingest.extract import extract, plan
from shared.ingest.kinds import Kind
from shared.ingest.limits import MAX_TABLE_CELL_CHARACTERS


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


DUMP = [f"tt{number:07}\tFilm {number}\t{1900 + number % 100}" for number in range(20_000)]


def with_titles(**titles):
    """The dump with other titles in lines that are numbered from 1."""
    lines = list(DUMP)
    for line, title in titles.items():
        lines[int(line[1:]) - 1] = f"tt\t{title}\t1976"
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "titles",
    [
        {"_5": '"Rocky'},
        {"_1": '"Rocky'},
        {"_20000": '"Rocky'},
        {"_5": '"Rocky', "_9": '"Rocky" Balboa'},
        {"_5": '"Rocky', "_9": 'Creed"'},
        {"_5": '"Rocky', "_6": '"Rocky II', "_19000": '"Rocky III'},
    ],
)
def test_a_quote_that_is_not_closed_harms_its_own_cell_alone(tmp_path, titles):
    found = pages(tmp_path / "a", with_titles(**titles))
    rows = [row for page in found for row in page.text.split("\n")]
    assert (len(rows), {row.count(" | ") for row in rows}) == (20_000, {2})
    assert {f"tt | {title.replace(chr(34), '')} | 1976" for title in titles.values()} <= {row.replace('"', "") for row in rows}


def test_stray_quotes_are_noted_in_the_part_that_has_them(tmp_path):
    path = tmp_path / "a"
    path.write_text("\n".join(f"{number}\t{'x' * 400}" for number in range(20_000)).replace("\t", '\t"', 1))
    planned = plan(path, Kind.TSV.value)
    notes = [extract(path, planned.kind, shard).notes for shard in range(planned.shards)]
    said = "A quotation mark that opens a cell and is not closed was read as a character: in line 1."
    assert (notes[0], {*notes[1:]}) == ((said,), {()})


def test_an_honest_cell_of_many_lines_stays_one(tmp_path):
    verses = "\n".join(f"Verse {number}, as it is sung, and again" for number in range(200))
    (page,) = pages(tmp_path / "a", f'Title,Text\nSong,"{verses}"\nOther,"one,\ntwo"\n')
    assert [row[:16] for row in page.text.split("\n")] == ["Title | Text", "Song | Verse 0, ", "Other | one, two"]
    assert extract(tmp_path / "a", Kind.CSV, 0).notes == ()


def test_a_cell_that_is_longer_than_any_is_refused_with_the_line_in_which_it_begins(tmp_path):
    path = tmp_path / "a"
    path.write_text("A,B\n1,2\n" + "x" * (MAX_TABLE_CELL_CHARACTERS + 1) + ",y\n")
    with pytest.raises(RejectedFileError, match="in line 3") as refusal:
        plan(path, Kind.CSV.value)
    assert refusal.value.failure is FailureCode.CORRUPT
