from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.sentences import is_closed, sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He left. She stayed! Why? No one knows…", ["He left.", "She stayed!", "Why?", "No one knows…"]),
        ("It cost $3.5 million on Jan. 5. They paid.", ["It cost $3.5 million on Jan. 5.", "They paid."]),
        ("Dr. J. K. Row of the U.S. Senate, e.g. Ohio, came.", ["Dr. J. K. Row of the U.S. Senate, e.g. Ohio, came."]),
        ("Das gilt z.B. Dienstags. Dann usw. Alles.", ["Das gilt z.B. Dienstags.", "Dann usw. Alles."]),
        ('"Go!" he said. "I will." She went.', ['"Go!" he said.', '"I will."', "She went."]),
        ("A drake.[3][4] The hen is louder.[a] Both fly.", ["A drake.[3][4]", "The hen is louder.[a]", "Both fly."]),
        ("See node.js or a.b.c for more. it goes on.", ["See node.js or a.b.c for more. it goes on."]),
        ("これは文です。次の文。「はい。」終わり", ["これは文です。", "次の文。", "「はい。」", "終わり"]),
        ("هل هذا سؤال؟ نعم. شكرا", ["هل هذا سؤال؟", "نعم.", "شكرا"]),
        ("यह वाक्य है। दूसरा वाक्य।", ["यह वाक्य है।", "दूसरा वाक्य।"]),
    ],
)
def test_sentences_end_at_marks_but_not_at_abbreviations_and_decimals(text, expected):
    assert sentences(text) == expected


def test_wrapped_lines_are_one_sentence():
    assert sentences("The tide comes\ntwice a day\nhere.") == ["The tide comes\ntwice a day\nhere."]


def test_blank_lines_bullets_and_numbered_points_begin_anew():
    text = "Bring\n- a coat\n* a hat, e.g. of felt\n1. Then walk\n(b) or run\n\nEnd"
    assert sentences(text) == ["Bring", "a coat", "a hat, e.g. of felt", "Then walk", "or run", "End"]


def test_a_heading_stands_apart_from_the_text_below_it():
    assert sentences("Refund policy\nGoods may be returned\nwithin a week.") == [
        "Refund policy",
        "Goods may be returned\nwithin a week.",
    ]


def test_a_text_without_any_end_is_cut_where_a_reader_can_bear_it():
    rows = sentences("a cell | another | a third\n" * 100)

    assert all(len(row) <= 600 and row.endswith("a third") for row in rows)
    assert [len(part) for part in sentences("x" * 1300)] == [600, 600, 100]


@pytest.mark.parametrize("text", ["", "  \n\n \t"])
def test_nothing_has_no_sentences(text):
    assert sentences(text) == []


@given(st.text(alphabet=st.sampled_from("aB1 .\n!?-*[]()。\"'x\t…"), max_size=300))
def test_spans_are_in_order_trimmed_and_lose_no_letter(text):
    spans = list(sentence_spans(text))

    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)
    kept = "".join(text[start:end] for start, end in spans)
    assert kept.count("B") == text.count("B")


@pytest.mark.parametrize(
    ("text", "closed"), [("Yes.", True), ('"Yes."', True), ("Yes.[2]", True), ("はい。", True), ("Yes", False), ("a.b", False)]
)
def test_a_closed_text_ends_with_an_end_mark(text, closed):
    assert is_closed(text) is closed
