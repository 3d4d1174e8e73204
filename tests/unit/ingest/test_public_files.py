"""Real files of many makers, where they are at hand; `benchmarks/extraction.py` reads all of them."""

from pathlib import Path

import pytest

from shared.domain.document import RejectedFileError
from shared.domain.page import TextPage
from shared.ingest.chunk import chunk
from shared.ingest.extract import extract, judge, plan
from tests.unit.ingest.test_chunk import count

DOCS = Path(__file__).resolve().parents[4] / "shared" / "data" / "docs"
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="the public documents (../shared/data/docs) are absent")


def read(name: str) -> list[TextPage]:
    planned = plan(DOCS / name, "application/pdf" if name.endswith(".pdf") else "text/plain")
    parts = [extract(DOCS / name, planned.kind, shard) for shard in range(planned.shards)]
    judge(planned.kind, sum(part.characters for part in parts), has_pictures=any(part.has_pictures for part in parts))
    return [page for part in parts for page in part.pages]


@pytest.mark.parametrize(
    ("name", "page", "quote"),
    [
        ("financebench/AMCOR_2023Q4_EARNINGS.pdf", 1, "Net sales 14,544 14,694"),
        ("docling/code_and_formula.pdf", 1, "JavaScript Code Example"),
        ("tika/testPDF_protected.pdf", 1, "RETHINKING THE FINANCIAL NETWORK"),
        ("docling/right_to_left_02.pdf", 1, "الحكومة المصرية"),
        ("unstructured/layout-parser-paper-with-empty-pages.pdf", 1, "LayoutParser"),
    ],
)
def test_a_quote_is_found_on_its_page_and_in_a_passage_of_that_page(name, page, quote):
    pages = read(name)
    assert quote in pages[page - 1].text
    assert any(quote in each.text for each in chunk(pages, count, 256) if each.place.page == page)


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("docling/ocr_test_rotated_90.pdf", "needs_ocr"),
        ("markitdown/MEDRPT-2024-PAT-3847_medical_report_scan.pdf", "needs_ocr"),
        ("pdfminer/aes-256.pdf", "encrypted"),
        ("unstructured/empty.txt", "empty"),
        ("unstructured/fake-text-all-whitespace.txt", "empty"),
        ("tika/testWORD_truncated.docx", "corrupt"),
        ("tika/testWORD_protected_passtika.docx", "encrypted"),
        ("tika/testODTEncrypted.odt", "encrypted"),
        ("docling/greek_heading_styles.doc", "unsupported_type"),
    ],
)
def test_what_cannot_be_read_is_refused_for_the_right_reason(name, failure):
    with pytest.raises(RejectedFileError) as refusal:
        read(name)
    assert refusal.value.failure == failure


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("testZIP_corrupted_oom.zip", "corrupt"),
        ("testZipEncrypted.zip", "unsupported_type"),
        ("quine.gz", "unsupported_type"),
        ("zip-slip.tar", "unsupported_type"),
    ],
)
def test_a_hostile_archive_is_refused_before_it_is_unpacked(name, failure):
    with pytest.raises(RejectedFileError) as refusal:
        plan(DOCS.parent / "hostile" / "files" / name, "text/plain")
    assert refusal.value.failure == failure


@pytest.mark.parametrize(
    ("name", "pages", "said"),
    [
        ("unstructured/handbook-872p.docx", [None], "Standing Trustees"),
        ("tika/testPPT_various.pptx", [1], "Footnote appears here"),
        ("unstructured/fake-power-point-malformed.pptx", [1], "Test Slide"),
        ("docling/odf_presentation_01.odp", [1, 2, 3], "Speaker notes: Some notes on the second slide."),
        ("tika/testEPUB.epub", [1, 2, 3, 4], "Plus a simple div"),
        ("tika/testRTFJapanese.rtf", [None], "（ＧＨＱ）"),  # noqa: RUF001 - As it stands in the file.
        ("tika/testRTFVarious.rtf", [None], "[1] This is a footnote."),
    ],
)
def test_an_office_file_is_read_under_any_name(name, pages, said):
    found = read(name)
    assert [page.number for page in found] == pages
    assert any(said in page.text for page in found)


def test_a_long_report_becomes_passages_of_useful_length():
    chunks = chunk(read("financebench/AMAZON_2017_10K.pdf"), count, 256)
    lengths = count([each.text for each in chunks])
    assert max(lengths) <= 256
    assert sum(lengths) / len(lengths) > 100
    assert sum(bool(each.place.headings) for each in chunks) > len(chunks) / 2
