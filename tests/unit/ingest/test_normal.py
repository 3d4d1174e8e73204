import pytest

from shared.ingest.normal import clean, squeeze


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a\r\nb\rc\u2028d\x0ce", "a\nb\nc\nd\ne"),
        ("co\u00adoperate zero\u200bwidth \ufefftext", "cooperate zerowidth text"),
        ("\ufb01nd the o\ufb03ce", "find the office"),
        ("\ufefb", "لا"),
        ("u\u0308ber", "über"),
        ("bell\x07 and nul\x00", "bell and nul"),
        ("\x1b[1;31mERROR\x1b[0m disk \x1b[2Kfull, array[0m]", "ERROR disk full, array[0m]"),
        ("shown\U000e0068\U000e0069 only", "shown only"),
        ("\u202etxet\u202c", "txet"),
        ("\uf0b7 point", "\u2022 point"),
        ("half \ud800 pair", "half  pair"),
    ],
)
def test_what_stands_between_the_letters_is_taken_out(written, read):
    assert clean(written) == read


def test_joiners_that_spell_words_and_emoji_stay():
    written = "\u0645\u06cc\u200c\u062e 👩\u200d💻"
    assert clean(written) == written


def test_runs_of_spaces_become_one_and_line_ends_stay():
    assert squeeze(" a \t\u00a0 b \n  c") == "a b\nc"
