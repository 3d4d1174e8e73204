"""Texts in pieces that fit, cut where a reader would pause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.agent.splitting import is_whole, pieces, sentences, spans
from shared.domain.prompt import estimated_tokens

TEXTS = st.text(alphabet=st.one_of(st.sampled_from("a b.\n。!?"), st.characters(exclude_categories=["Cs"])), max_size=300)


@given(TEXTS, st.integers(1, 20))
def test_pieces_fit_and_together_are_the_text(text: str, most_tokens: int) -> None:
    found = [text[start:end] for start, end in spans(text, most_tokens)]
    assert "".join(found) == text
    assert all(0 < estimated_tokens(piece) <= most_tokens for piece in found)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One two three.\n\nFour five six seven.", "One two three.\n\n"),
        ("One two three\nfour five six seven eight", "One two three\n"),
        ("One two three. Four five six seven.", "One two three. "),
        ("一二三四五。六七八九十一二三四五六七八", "一二三四五。"),
        ("one two three four five six seven", "one two three four "),
        ("x" * 50, "x" * 20),
    ],
)
def test_the_best_border_is_taken(text: str, first: str) -> None:
    assert next(text[start:end] for start, end in spans(text, 5)) == first


def test_blank_pieces_are_left_out() -> None:
    assert pieces(" " * 100 + "a", 5) == ["a"]
    assert pieces(" \n " * 30, 5) == []


def test_sentences_are_told_apart_and_bounded() -> None:
    assert sentences("One\ntwo. Three!  Four?\n\nFive 六。七") == ["One two.", "Three!", "Four?", "Five 六。", "七"]
    assert all(len(sentence) <= 600 for sentence in sentences("word " * 1000))


@pytest.mark.parametrize(
    ("sentence", "is_one"),
    [("It is.", True), ('"Is it?"', True), ("它是。", True), ("A heading", False), ("So:", False), ("1.5", False)],
)
def test_a_heading_is_no_sentence(sentence: str, is_one: bool) -> None:  # noqa: FBT001  A column of the table.
    assert is_whole(sentence) is is_one
