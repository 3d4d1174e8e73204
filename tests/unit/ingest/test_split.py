import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.page import BlockKind
from shared.ingest.split import Span, parts_of, pieces_of, trimmed

TEXTS = st.text(alphabet="ab .!?\n\u3002\u4e2d\u00a0", max_size=80)


def parts(text: str, kind: BlockKind = BlockKind.PARAGRAPH) -> list[str]:
    return [text[start:end] for start, end in parts_of(kind, text, Span(0, len(text)))]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ('He said "no." She left.', ['He said "no."', "She left."]),
        (
            "Dr. Smith of Acme Inc. paid 3.5 million, e.g. to A. Jones. Done.",
            ["Dr. Smith of Acme Inc. paid 3.5 million, e.g. to A. Jones.", "Done."],
        ),
        ("See approx. value. lower case goes on.", ["See approx. value. lower case goes on."]),
        ("第一句。第二句\uff01第三句", ["第一句。", "第二句\uff01", "第三句"]),
        ("First line\nsecond line", ["First line", "second line"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, sentences):
    assert parts(text) == sentences


def test_code_and_tables_are_cut_at_lines():
    assert parts("a. B\n\n  c. D\n", BlockKind.CODE) == ["a. B", "c. D"]


def test_pieces_are_cut_at_words_where_there_are_any():
    text = "alpha beta gamma delta"
    assert [text[start:end] for start, end in pieces_of(text, Span(0, len(text)), 2)] == ["alpha beta", "gamma delta"]


def test_a_word_without_end_is_cut_within():
    assert pieces_of("a" * 10, Span(0, 10), 3) == [Span(0, 3), Span(3, 6), Span(6, 10)]


@given(TEXTS, st.sampled_from(list(BlockKind)), st.integers(2, 5))
def test_parts_and_pieces_lose_nothing_but_white_space(text, kind, number):
    span = trimmed(text, Span(0, len(text)))
    for spans in (parts_of(kind, text, span), pieces_of(text, span, number)) if span else ():
        assert "".join("".join(text[start:end] for start, end in spans).split()) == "".join(text.split())
        assert all(text[start:end].strip() == text[start:end] != "" for start, end in spans)
        assert spans == sorted(spans)
