"""The large files are what they are said to be, at a smaller size."""

import csv

import pypdfium2

from benchmarks.large_made import make_csv, make_pdf


def test_every_page_has_its_text_and_incompressible_bytes(tmp_path):
    path = tmp_path / "handbook.pdf"
    make_pdf(path, pages=3)
    assert path.stat().st_size > 3 * 49_000
    with pypdfium2.PdfDocument(path) as document:
        texts = [page.get_textpage().get_text_bounded() for page in document]
    assert [text.startswith(f"Page {number} of the handbook") for number, text in enumerate(texts, 1)] == [True] * 3
    assert min(map(len, texts)) > 2000


def test_the_table_has_its_rows(tmp_path):
    path = tmp_path / "orders.csv"
    make_csv(path, rows=5)
    rows = list(csv.reader(path.read_text("utf-8").splitlines()))
    assert [row[0] for row in rows] == ["order", "000001", "000002", "000003", "000004", "000005"]
    assert {len(row) for row in rows} == {7}


def test_both_are_the_same_each_time(tmp_path):
    for name in ("one", "two"):
        make_pdf(tmp_path / f"{name}.pdf", pages=2)
        make_csv(tmp_path / f"{name}.csv", rows=20)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
