"""A quote is found where it stands, forgiving spacing, case and typography, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.agent.quotes import QuotableText

TEXT = (
    "The \u201cgreen\u201d engine\u2014built in 1894\u2014was re-\nstored by hand.\n"
    "It   weighs 12 tonnes, and its of\ufb01ce holds ca\u00adre\u00adful notes."
)


def quoted(text: str, quote: str) -> str | None:
    span = QuotableText(text).find(quote)
    return text[slice(*span)] if span else None


def test_an_exact_quote_is_found_at_its_span() -> None:
    assert QuotableText(TEXT).find("built in 1894") == (TEXT.index("built"), TEXT.index("built") + 13)


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ('the "green" engine', "The \u201cgreen\u201d engine"),
        ("engine-built in 1894", "engine\u2014built in 1894"),
        ("it weighs 12 tonnes", "It   weighs 12 tonnes"),
        ("was restored by hand", "was re-\nstored by hand"),
        ("its office holds", "its of\ufb01ce holds"),
        ("careful notes", "ca\u00adre\u00adful notes"),
        ("\u201cIt weighs 12 tonnes\u2026\u201d", "It   weighs 12 tonnes"),
        ("by hand. It weighs", "by hand.\nIt   weighs"),
    ],
)
def test_a_quote_is_found_through_what_a_model_changes(quote: str, expected: str) -> None:
    assert quoted(TEXT, quote) == expected


@pytest.mark.parametrize(
    "quote",
    [
        "built in 1895",
        "weighs 2 tonnes, and",
        "the red engine",
        "",
        "   ",
        "\u2026",
        "engine built by hand",
        "notes and more notes",
    ],
)
def test_a_quote_that_does_not_stand_there_is_not_found(quote: str) -> None:
    assert quoted(TEXT, quote) is None


def test_a_quote_may_not_begin_or_end_within_a_word() -> None:
    text = "The restart is planned; art is long and arts are longer"
    assert QuotableText(text).find("art is long") == (24, 35)
    assert QuotableText("The restart is long").find("art is long") is None


@pytest.mark.parametrize("quote", ["the", "12", "is a", "1894"])
def test_a_few_letters_are_no_evidence(quote: str) -> None:
    assert quoted(f"12 is a number and the year is 1894; {quote} again", quote) is None


def test_a_short_text_may_be_quoted_whole() -> None:
    assert quoted("Yes.", "Yes.") == "Yes."


def test_a_script_without_spaces_is_found_across_a_line_break() -> None:
    text = "\u6c34\u5728\u4e00\u767e\n\u5ea6\u6cb8\u817e\u3002"
    assert quoted(text, "\u4e00\u767e\u5ea6\u6cb8\u817e") == "\u4e00\u767e\n\u5ea6\u6cb8\u817e"


def test_accents_match_however_they_are_composed() -> None:
    assert quoted("Le cafe\u0301 est ferm\u00e9", "caf\u00e9 est ferme\u0301") == "cafe\u0301 est ferm\u00e9"


@given(st.text(max_size=200), st.data())
def test_a_found_span_lies_in_the_text_and_whole_words_are_found(text: str, data: st.DataObject) -> None:
    words = text.split()
    start = data.draw(st.integers(0, max(0, len(words) - 1)))
    quote = " ".join(words[start : start + 6])
    span = QuotableText(text).find(quote)
    weighs_enough = sum(character.isascii() and character.isalnum() for character in quote) >= 8
    assert span is not None or not weighs_enough
    assert span is None or 0 <= span[0] < span[1] <= len(text)
