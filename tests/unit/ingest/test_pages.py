import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind
from shared.ingest import pages
from shared.ingest.extract import extract
from shared.ingest.kinds import Kind
from shared.ingest.limits import MAX_BLOCKS
from shared.ingest.pages import PageBuilder


def test_a_page_holds_as_many_blocks_as_one_step_can_load_and_no_more():
    page = PageBuilder(None)
    for _ in range(MAX_BLOCKS):
        page.add(BlockKind.PARAGRAPH, "a")
    with pytest.raises(RejectedFileError, match="more than 250,000 paragraphs") as refusal:
        page.add(BlockKind.PARAGRAPH, "a")
    assert refusal.value.failure is FailureCode.TOO_LARGE
    assert len(page.build().blocks) == MAX_BLOCKS


def test_the_blocks_of_all_pages_of_a_shard_count_together(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "MAX_BLOCKS", 3)
    path = tmp_path / "two.csv"
    path.write_text("\n".join(f"name {row},place" for row in range(4_000)))
    with pytest.raises(RejectedFileError) as refusal:
        extract(path, Kind.CSV, 0)
    assert refusal.value.failure is FailureCode.TOO_LARGE
