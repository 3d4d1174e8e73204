from zipfile import ZipFile

import pypdfium2
import pytest

from shared.ingest.embedded import left_out
from shared.ingest.formats import pdf, sheets, slides, word
from tests.unit.ingest.samples import text_at, write_pdf
from tests.unit.ingest.test_slides import deck, relations, shape
from tests.unit.ingest.test_word import document, p
from tests.unit.ingest.workbooks import write_workbook

ONE = "1 file that is embedded in the document was left out; upload it by itself."


def with_parts(path, **parts):
    with ZipFile(path, "a") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("folder", ["word", "ppt", "xl"])
def test_a_file_that_is_embedded_is_left_out_with_a_note(tmp_path, folder):
    made, reader = {
        "word": (lambda: document(tmp_path / "a.docx", p("Text")), word),
        "ppt": (lambda: deck(tmp_path, shape("Text")), slides),
        "xl": (lambda: write_workbook(tmp_path / "a.xlsx", {"S": [["a", "b"]]}), sheets),
    }[folder]
    path = made()
    assert reader.read(path, 0).notes == ()
    assert reader.read(with_parts(path, **{f"{folder}/embeddings/oleObject1.bin": b"x"}), 0).notes == (ONE,)


@pytest.mark.parametrize(("related", "notes"), [(relations(("package", "../embeddings/1.xlsx")), ()), ("no XML", (ONE,))])
def test_the_numbers_of_a_chart_are_no_file_that_is_left_out(tmp_path, related, notes):
    path = with_parts(
        deck(tmp_path, shape("Text")),
        **{"ppt/embeddings/1.xlsx": b"x", "ppt/charts/chart1.xml": "<c/>", "ppt/charts/_rels/chart1.xml.rels": related},
    )
    assert slides.read(path, 0).notes == notes


def test_files_that_are_attached_to_a_pdf_are_noted_once(tmp_path):
    path = write_pdf(tmp_path / "a.pdf", [text_at((50, 700, 12, f"Page {number}")) for number in range(41)])
    with pypdfium2.PdfDocument(path) as opened:
        for name in ("a.txt", "b.txt"):
            opened.new_attachment(name).set_data(b"Text")
        opened.save(tmp_path / "b.pdf")
    notes = [pdf.read(tmp_path / "b.pdf", shard).notes for shard in (0, 1)]
    assert notes == [("2 files that are attached to the PDF were left out; upload them by themselves.",), ()]


def test_no_file_needs_no_note():
    assert left_out(0, "attached to the PDF") == ()
