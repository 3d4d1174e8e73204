import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.extract import ExtractionPlan, extract, judge, plan
from shared.ingest.kinds import Kind
from shared.ingest.limits import MAX_PAGES, PAGES_PER_SHARD
from shared.ingest.pages import dump_pages, load_pages
from tests.unit.ingest.samples import FILES, text_at, write_pdf


def test_a_pdf_is_planned_in_ranges_of_pages_that_together_are_all(tmp_path):
    count = PAGES_PER_SHARD + 3
    path = write_pdf(tmp_path / "a.pdf", [text_at((50, 700, 12, f"Page {number}")) for number in range(1, count + 1)])
    planned = plan(path, "application/pdf")
    pages = [page for shard in range(planned.shards) for page in extract(path, planned.kind, shard).pages]
    assert planned == ExtractionPlan(kind=Kind.PDF, pages=count, shards=2)
    assert [page.number for page in pages] == list(range(1, count + 1))


def test_every_other_kind_is_one_shard_without_pages():
    assert plan(FILES / "nested.md", "text/markdown") == ExtractionPlan(kind=Kind.MARKDOWN, pages=None, shards=1)


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("nested.md", Kind.MARKDOWN, "A list featuring nesting"),
        ("html_code_snippets.html", Kind.HTML, "The Pythagorean theorem"),
        ("fake-text-utf-16-le.txt", Kind.TEXT, "Doylestown"),
        ("pdflatex-4-pages.pdf", Kind.PDF, "text without a meaning"),
    ],
)
def test_each_kind_is_read_with_spans_that_are_its_text(name, kind, text):
    extraction = extract(FILES / name, kind, 0)
    spans = [page.text[block.start : block.end] for page in extraction.pages for block in page.blocks]
    assert any(text in span for span in spans)
    assert all(span and span == span.rstrip() for span in spans)
    assert "".join("".join(spans).split()) == "".join("".join(page.text for page in extraction.pages).split())
    assert extraction.characters == sum(len(page.text) for page in extraction.pages)


def test_stored_pages_come_back_as_they_were():
    pages = extract(FILES / "pdflatex-4-pages.pdf", Kind.PDF, 0).pages
    assert tuple(load_pages(dump_pages(pages))) == pages


def test_more_pages_than_the_limit_are_refused(tmp_path):
    path = write_pdf(tmp_path / "a.pdf", [""] * (MAX_PAGES + 1))
    with pytest.raises(RejectedFileError, match="5,001 pages") as refusal:
        plan(path, "application/pdf")
    assert refusal.value.failure is FailureCode.TOO_LARGE


@pytest.mark.parametrize(
    ("kind", "has_pictures", "failure"),
    [
        (Kind.PDF, True, FailureCode.NEEDS_OCR),
        (Kind.PDF, False, FailureCode.EMPTY),
        (Kind.TEXT, False, FailureCode.EMPTY),
    ],
)
def test_a_document_without_text_is_refused_by_what_it_shows(kind, has_pictures, failure):
    with pytest.raises(RejectedFileError) as refusal:
        judge(kind, 0, has_pictures=has_pictures)
    assert refusal.value.failure is failure


def test_a_document_with_text_passes_whatever_else_it_shows():
    assert judge(Kind.PDF, 1, has_pictures=True) is None
