import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind
from shared.ingest.formats.plain import read_plain
from shared.ingest.limits import MAX_CHARACTERS


def test_paragraphs_end_at_empty_lines_and_keep_their_own_lines():
    page = read_plain("First line \r\n  second line\r\n \t\r\n\r\nNext paragraph\x00\n")
    assert page.number is None
    assert [page.text[block.start : block.end] for block in page.blocks] == ["First line\n  second line", "Next paragraph"]
    assert {block.kind for block in page.blocks} == {BlockKind.PARAGRAPH}


def test_white_space_alone_is_an_empty_page():
    page = read_plain(" \n\t\n\ufeff")
    assert (page.text, page.blocks) == ("", ())


def test_text_beyond_the_limit_is_refused():
    with pytest.raises(RejectedFileError) as refusal:
        read_plain("a" * (MAX_CHARACTERS + 1))
    assert refusal.value.failure is FailureCode.TOO_LARGE
