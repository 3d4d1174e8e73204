"""Pages are counted alike for every system, and ratios are to LangChain with as many workers."""

from dataclasses import replace
from pathlib import Path

from benchmarks.ingestion import Row, pages_of, shown

FILES = Path(__file__).parents[2] / "files"
ROW = Row("mix", "free", "ours", workers=2, pages=100, passages=10, seconds=30.0, peak_mib=80)


def test_a_pdf_has_its_pages_a_web_page_is_one_and_a_text_has_them_by_length(tmp_path):
    text = tmp_path / "long.txt"
    text.write_text("x" * 3001)
    assert [pages_of(path) for path in (FILES / "pdflatex-4-pages.pdf", FILES / "html_code_snippets.html", text)] == [4, 1, 2]


def test_the_rate_is_of_all_workers_and_the_ratio_to_the_peer_with_as_many():
    peers = [replace(ROW, system="langchain", seconds=60.0), replace(ROW, system="langchain", seconds=1.0, workers=1)]
    told = shown(ROW, [ROW, *peers])
    assert (ROW.pages_a_minute, told["pages a minute"], told["÷ LangChain"]) == (400, "400", "2.00")


def test_without_a_peer_there_is_no_ratio():
    assert shown(ROW, [ROW])["÷ LangChain"] == ""
