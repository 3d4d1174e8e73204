import pytest

from shared.domain.page import BlockKind
from shared.ingest.layout import Line, Piece, Style, body_style, compose, running_lines

BODY = Style(10.0, 400)


def lines(*texts: str, left: float = 50, right: float = 500, top: float = 700, gap: float = 12) -> list[Line]:
    return [Line(text, left, right, top - gap * number, 10, 400) for number, text in enumerate(texts)]


def composed(*written: Line) -> list[Piece]:
    return compose(written, BODY, frozenset())


def test_wrapped_lines_are_one_paragraph():
    assert composed(*lines("The first line goes", "on in the second and", "ends.")) == [
        Piece(BlockKind.PARAGRAPH, "The first line goes on in the second and ends.")
    ]


def test_a_wider_gap_parts_paragraphs():
    first, second, third = lines("One line of it", "and one more.", "Another one.")
    assert len(composed(first, second, third._replace(baseline=650))) == 2


def test_an_indent_after_a_full_stop_parts_paragraphs():
    first, second, third = lines("One line of it", "and one more.", "Another one")
    assert len(composed(first, second, third._replace(left=65))) == 2


def test_a_short_last_line_parts_paragraphs():
    first, second, third = lines("One line of it", "and it ends.", "Another one")
    assert len(composed(first, second._replace(right=150), third)) == 2


def test_a_sentence_goes_on_in_the_next_column():
    left, right = lines("it stops in", "the middle of a sentence")
    assert len(composed(left._replace(baseline=100), right._replace(left=300, right=550))) == 1


def test_a_new_sentence_in_the_next_column_is_a_new_paragraph():
    left, right = lines("It ends here.", "A new one begins")
    assert len(composed(left._replace(baseline=100), right._replace(left=300, right=550))) == 2


@pytest.mark.parametrize(("size", "level"), [(20, 1), (15, 2), (12, 3)])
def test_larger_type_is_a_heading_by_its_size(size, level):
    title, body = lines("A title", "and text below it, much of it.")
    assert composed(title._replace(size=size), body._replace(baseline=680))[0] == Piece(BlockKind.HEADING, "A title", level)


def test_a_bold_line_is_a_heading_and_a_bold_sentence_is_not():
    title, body = lines("A bold title", "Text below it.")
    bold = title._replace(weight=700)
    assert composed(bold, body)[0].kind is BlockKind.HEADING
    assert composed(bold._replace(text="A bold sentence."), body)[0].kind is BlockKind.PARAGRAPH


def test_a_numbered_line_apart_is_a_heading():
    numbered, body = lines("5.1 Hyper Parameters", "Text below it, much of it.")
    assert composed(numbered, body._replace(baseline=670))[0] == Piece(BlockKind.HEADING, "5.1 Hyper Parameters", 3)


def test_a_running_head_is_no_heading():
    head = Line("Annual report 7", 50, 200, 800, 20, 700)
    pages = [[head._replace(text=f"Annual report {number}"), *lines("a", "b", "c", "d")] for number in range(4)]
    assert compose([head], BODY, running_lines(pages))[0].kind is BlockKind.PARAGRAPH


def test_bullets_and_numbers_begin_list_items():
    kinds = [piece.kind for piece in composed(*lines("\u2022 one of them", "\u2022 two", "(a) three", "1. four"))]
    assert kinds == [BlockKind.LIST_ITEM] * 4


def test_a_bold_bullet_is_a_list_item():
    bullet = lines("\u2022 bold point")[0]._replace(weight=700)
    assert composed(bullet)[0].kind is BlockKind.LIST_ITEM


def test_lines_of_figures_are_a_table_with_its_rows():
    rows = lines(
        "Figures in millions:", "Net sales 14,544 14,694", "Net income (805) $ 1,048", "Cost \u2014 7%", "After the table."
    )
    assert composed(*rows)[1] == Piece(BlockKind.TABLE, "Net sales 14,544 14,694\nNet income (805) $ 1,048\nCost \u2014 7%")


def test_cells_on_one_line_are_joined():
    left, right = lines("Left cell", "right cell", gap=0)
    assert composed(left._replace(right=100), right._replace(left=200))[0].text == "Left cell right cell"


def test_a_hyphen_at_a_lines_end_keeps_its_compound_together():
    assert composed(*lines("It is well-", "known by all"))[0].text == "It is well-known by all"


def test_lines_without_spaces_between_words_are_joined_without_one():
    assert composed(*lines("这是一个中文", "文本"))[0].text == "这是一个中文文本"


def test_a_line_that_was_broken_on_purpose_keeps_its_end():
    first, second = lines("12 Main Street", "Doylestown, in the county of Bucks, Pennsylvania")
    assert (
        composed(first._replace(right=120), second)[0].text == "12 Main Street\nDoylestown, in the county of Bucks, Pennsylvania"
    )


def test_the_bodys_style_is_that_of_most_characters():
    head = Line("A heading", 50, 200, 800, 20, 700)
    assert body_style([head, *lines("much more text", "in the usual size")]) == BODY
    assert body_style([]) == Style(0.0, 0)


def test_a_page_without_lines_has_no_blocks():
    assert composed() == []


def test_headings_stand_as_most_of_their_page_does():
    head, body = Line("A heading", 50, 200, 800, 20, 700), lines("much more text", "in the usual size")
    turned = [line._replace(turn=1) for line in body]
    kinds = [
        [piece.kind for piece in composed(first, *rest)] for first, rest in [(head, turned), (head._replace(turn=1), turned)]
    ]
    assert kinds == [[BlockKind.PARAGRAPH, BlockKind.PARAGRAPH], [BlockKind.HEADING, BlockKind.PARAGRAPH]]
