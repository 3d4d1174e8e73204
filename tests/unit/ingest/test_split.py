import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.page import BlockKind
from shared.ingest.split import Span, paragraphs_of, parts_of, pieces_of, trimmed

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
        ("他说\u201c走吧。\u201d我们走了\uff1f好!走", ["他说\u201c走吧。\u201d", "我们走了\uff1f", "好!", "走"]),
        ("\u300a第一章。\u300b第二句。", ["\u300a第一章。\u300b", "第二句。"]),
        ("「行く。」と言った。「はい。」彼は来た。", ["「行く。」と言った。", "「はい。」", "彼は来た。"]),
        ("値は3\uff0e5である\uff0e次に進む\uff0e", ["値は3\uff0e5である\uff0e", "次に進む\uff0e"]),
        ("هل جاء د. أحمد\u061f نعم. ذهب\u061fلا", ["هل جاء د. أحمد\u061f", "نعم.", "ذهب\u061f", "لا"]),  # noqa: RUF001 - Arabic.
        ("یہ ہے\u06d4 وہ ہے\u06d4", ["یہ ہے\u06d4", "وہ ہے\u06d4"]),
        ("यह है\u0964 वह है\u0964", ["यह है\u0964", "वह है\u0964"]),
        (
            "Das gilt z. B. am 3. Oktober, vgl. Abs. 2 Nr. 5 bzw. Kap. IV. Die Str. ist lang. 2020 kam er.",
            ["Das gilt z. B. am 3. Oktober, vgl. Abs. 2 Nr. 5 bzw. Kap. IV.", "Die Str. ist lang.", "2020 kam er."],
        ),
        ("Er sagte: »Ja.« Dann ging er. »Nein.«", ["Er sagte: »Ja.« Dann ging er.", "»Nein.«"]),
        ("Il dit : « Non. » Puis il part.", ["Il dit : « Non. »", "Puis il part."]),
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


def test_a_script_without_spaces_is_cut_at_a_clause():
    text = "第一部分内容\uff0c第二部分内容"
    assert [text[start:end] for start, end in pieces_of(text, Span(0, len(text)), 2)] == ["第一部分内容\uff0c", "第二部分内容"]


def test_a_letter_keeps_its_signs_and_a_thai_vowel_the_consonant_that_it_precedes():
    text = "ที่นี้" * 6 + "เก" * 12
    for pieces in range(2, 5):
        for start, _ in pieces_of(text, Span(0, len(text)), pieces)[1:]:
            assert not unicodedata.category(text[start]).startswith("M")
            assert text[start - 1] != "เ"


@pytest.mark.parametrize(("line", "count"), [("word " * 60, 3), ("word " * 10, 1)])
def test_long_lines_are_paragraphs_and_short_ones_were_broken_to_fit(line, count):
    text = "\n".join([line.strip()] * 3)
    assert len(paragraphs_of(BlockKind.PARAGRAPH, text, Span(0, len(text)))) == count
    assert paragraphs_of(BlockKind.CODE, text, Span(0, len(text))) == [Span(0, len(text))]


@given(TEXTS, st.sampled_from(list(BlockKind)), st.integers(2, 5))
def test_parts_and_pieces_lose_nothing_but_white_space(text, kind, number):
    span = trimmed(text, Span(0, len(text)))
    for spans in (parts_of(kind, text, span), pieces_of(text, span, number)) if span else ():
        assert "".join("".join(text[start:end] for start, end in spans).split()) == "".join(text.split())
        assert all(text[start:end].strip() == text[start:end] != "" for start, end in spans)
        assert spans == sorted(spans)
