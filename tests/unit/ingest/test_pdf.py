import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind
from shared.ingest.formats import pdf
from shared.ingest.formats.pdf import layout, read_pages
from tests.unit.ingest.samples import FILES, block_list, text_at, write_pdf

PICTURE = "q 500 0 0 700 40 60 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q"


def test_pages_are_numbered_from_one_and_read_by_range(tmp_path):
    path = write_pdf(tmp_path / "a.pdf", [text_at((50, 700, 12, f"Page {number}")) for number in range(1, 6)])
    assert layout(path).pages == 5
    assert [(page.number, page.text) for page in read_pages(path, 3, 40).pages] == [(4, "Page 4"), (5, "Page 5")]


def test_headings_and_paragraphs_are_told_apart_by_size(tmp_path):
    body = [(50, 660 - 12 * line, 10, f"Line {line} of the body which goes on and on and") for line in range(6)]
    path = write_pdf(tmp_path / "a.pdf", [text_at((50, 700, 20, "The Title"), *body)])
    page = read_pages(path, 0, 1).pages[0]
    assert [(block.kind, block.level) for block in page.blocks] == [(BlockKind.HEADING, 1), (BlockKind.PARAGRAPH, 0)]
    assert page.text[page.blocks[0].start : page.blocks[0].end] == "The Title"


def test_a_stamp_that_stands_across_the_text_is_no_heading(tmp_path):
    body = [(50, 660 - 12 * line, 10, f"Line {line} of the body which goes on and on and") for line in range(6)]
    stamp = "BT /F1 20 Tf 0 1 -1 0 30 200 Tm (arXiv:2004.04906v3 [cs.CL]) Tj ET"
    page = read_pages(write_pdf(tmp_path / "a.pdf", [f"{text_at((50, 700, 20, 'The Title'), *body)}\n{stamp}"]), 0, 1).pages[0]
    assert [(kind, text[:9]) for kind, _, text in block_list(page)] == [
        *(("heading", "The Title"), ("paragraph", "Line 0 of"), ("paragraph", "arXiv:200")),
    ]


def test_a_blank_page_is_empty_and_no_picture(tmp_path):
    read = read_pages(write_pdf(tmp_path / "a.pdf", ["", text_at((50, 700, 12, "Text"))]), 0, 2)
    assert [page.text for page in read.pages] == ["", "Text"]
    assert (read.characters, read.unseen) == (4, ())


def test_a_page_that_only_draws_is_a_picture(tmp_path):
    read = read_pages(write_pdf(tmp_path / "a.pdf", ["10 10 100 100 re f"]), 0, 1)
    assert (read.characters, read.unseen) == (0, (1,))


def test_a_stamp_on_a_picture_does_not_count_as_text(tmp_path):
    stamp = text_at((50, 20, 8, "Scanned by App"))
    read = read_pages(write_pdf(tmp_path / "a.pdf", [f"{PICTURE}\n{stamp}"]), 0, 1)
    assert read.pages[0].text == "Scanned by App"
    assert (read.characters, read.unseen) == (0, (1,))


def test_a_few_words_without_a_picture_count(tmp_path):
    read = read_pages(write_pdf(tmp_path / "a.pdf", [text_at((50, 20, 8, "Few words")) + " 10 10 9 9 re f"]), 0, 1)
    assert (read.characters, read.unseen) == (9, ())


def test_scans_with_a_layer_name_as_their_only_text_are_pictures():
    read = read_pages(FILES / "imagemagick-images.pdf", 0, 40)
    assert (read.characters, read.unseen) == (0, (1, 2, 3, 4, 5, 6))


def test_a_public_paper_gives_running_text_without_the_typesetters_marks():
    pages = read_pages(FILES / "pdflatex-4-pages.pdf", 0, 40).pages
    text = "\n".join(page.text for page in pages)
    assert len(pages) == 4
    assert "Hello, here is some text without a meaning. This text should show what a printed text will look like" in text
    assert not {"\ufffe", "\x02", "\ufb01", "\ufb00"} & set(text)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("exam\ufffeple and well-known", "example and well-known"),
        ("Jean\ufffePaul, page 2\ufffe3", "Jean-Paul, page 2-3"),
        ("o\ufb03ce  of\u00a0it ", "office of it"),
        ("\ud835\udc00 bold", "\U0001d400 bold"),
        ("\ud835 half", "\ufffd half"),
        ("\u0627\u0623\u0644\u0648", "\u0627\u0644\u0623\u0648"),
    ],
)
def test_what_the_library_writes_becomes_readable(written, read):
    assert pdf._readable(written) == read


def test_columns_are_not_mixed():
    text = read_pages(FILES / "testPDFTwoTextBoxes.pdf", 0, 1).pages[0].text
    assert text.index("Left column line 2") < text.index("Right column line 1")


def test_a_rotated_page_is_read():
    assert "Second line of text here" in read_pages(FILES / "rotated-page-90.pdf", 0, 1).pages[0].text


def test_a_table_of_figures_keeps_its_rows():
    assert "\n" in read_pages(FILES / "movie-theater-booking-2024.pdf", 0, 1).pages[0].text


def test_an_empty_user_password_opens():
    assert read_pages(FILES / "r3-empty-password.pdf", 0, 1).characters > 0


def test_a_password_is_asked_away():
    with pytest.raises(RejectedFileError, match="password") as refusal:
        layout(FILES / "password.pdf")
    assert refusal.value.failure is FailureCode.ENCRYPTED


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7\n", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF"]
)
def test_a_header_without_pages_is_corrupt(tmp_path, content):
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    with pytest.raises(RejectedFileError) as refusal:
        layout(path)
    assert refusal.value.failure is FailureCode.CORRUPT


def test_a_broken_file_that_can_be_mended_is_read():
    assert "Hello" in read_pages(FILES / "helloworld-bad.pdf", 0, 1).pages[0].text


def test_a_page_of_too_many_characters_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf, "MAX_PAGE_CHARACTERS", 10)
    path = write_pdf(tmp_path / "a.pdf", [text_at((50, 700, 12, "More than ten characters"))])
    with pytest.raises(RejectedFileError) as refusal:
        read_pages(path, 0, 1)
    assert refusal.value.failure is FailureCode.TOO_LARGE
