import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind, TextPage
from shared.ingest.formats.markdown import read_markdown
from shared.ingest.limits import MAX_MARKDOWN_CHARACTERS
from tests.unit.ingest.samples import FILES


def blocks(page: TextPage) -> list[tuple[str, int, str]]:
    return [(block.kind.value, block.level, page.text[block.start : block.end]) for block in page.blocks]


def test_structure_is_kept_and_marks_are_not():
    source = (
        "# The *Title*\n\nSome **bold** [link](https://example.org) and `code`,\nwrapped.\n\nSetext\n------\n\n> Quoted ~~not~~\n"
    )
    assert blocks(read_markdown(source)) == [
        ("heading", 1, "The Title"),
        ("paragraph", 0, "Some bold link and code,\nwrapped."),
        ("heading", 2, "Setext"),
        ("paragraph", 0, "Quoted not"),
    ]


def test_list_items_keep_their_marker_and_later_paragraphs_of_an_item_are_paragraphs():
    source = "1. one\n2. two\n\n   more of two\n\n- three\n  - four\n"
    assert blocks(read_markdown(source)) == [
        ("list_item", 0, "1. one"),
        ("list_item", 0, "2. two"),
        ("paragraph", 0, "more of two"),
        ("list_item", 0, "- three"),
        ("list_item", 0, "- four"),
    ]


def test_code_is_kept_as_written():
    source = "```python\ndef f():\n\n    return 1\n```\n\n    indented = True\n"
    assert blocks(read_markdown(source)) == [("code", 0, "def f():\n\n    return 1"), ("code", 0, "indented = True")]


def test_a_table_is_one_block_of_rows():
    source = "| Name | Price |\n|---|--:|\n| Tea | **2** |\n| Milk | 1 |\n"
    assert blocks(read_markdown(source)) == [("table", 0, "Name | Price\nTea | 2\nMilk | 1")]


def test_raw_html_gives_its_text_and_comments_nothing():
    source = "<div><b>Seen</b><script>alert(1)</script></div>\n\n<!-- hidden -->\n\nInline <b>bold</b><!-- no -->."
    assert blocks(read_markdown(source)) == [("paragraph", 0, "Seen"), ("paragraph", 0, "Inline bold.")]


def test_front_matter_is_a_paragraph_and_a_rule_is_nothing():
    assert blocks(read_markdown("---\ntitle: Tea\n---\nText\n\n---\n")) == [
        ("paragraph", 0, "title: Tea"),
        ("paragraph", 0, "Text"),
    ]


def test_an_image_gives_its_description():
    assert read_markdown("![A **red** door](door.png)").text == "A red door"


def test_nesting_beyond_reason_is_left_out():
    assert read_markdown("before\n\n" + "> " * 5000 + "deep\n\nafter").text == "before\n\nafter"


def test_a_public_file_with_nested_lists_is_read_whole():
    page = read_markdown((FILES / "nested.md").read_text("utf-8"))
    assert page.blocks[0].kind is BlockKind.HEADING
    assert "- abc12345" in page.text
    assert "- Second item with subitems:\n- Subitem 1" in page.text
    assert "Nested Table" not in page.text


def test_text_beyond_the_limit_is_refused_before_it_is_parsed():
    with pytest.raises(RejectedFileError) as refusal:
        read_markdown("a" * (MAX_MARKDOWN_CHARACTERS + 1))
    assert refusal.value.failure is FailureCode.TOO_LARGE
