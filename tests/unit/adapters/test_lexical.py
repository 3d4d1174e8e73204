import pytest

from shared.adapters.lexical import overlaps, words


def test_words_are_compared_without_case_endings_and_stop_words():
    assert words("The Harbours were closed") == words("harbour closing")


def test_numbers_keep_their_decimals():
    assert words("3.5 and 1,000") == {"3.5", "1,000"}


def test_scripts_without_spaces_are_compared_by_pairs_of_characters():
    assert words("日本の首都") == {"日本", "本の", "の首", "首都"}
    assert words("東") == {"東"}


def test_a_rare_word_of_the_question_counts_more_than_a_common_one():
    texts = ["The port of Callao.", "The port is old.", "A port.", "Any port."]

    rare, common, *_ = overlaps("Which port is Callao?", texts)

    assert rare == pytest.approx(1)
    assert common < 0.5


def test_a_question_word_that_no_text_holds_lowers_every_share():
    assert overlaps("Callao cheetah", ["Callao lies by the sea."])[0] < 0.6


@pytest.mark.parametrize("question", ["", "?", "What is it?"])
def test_a_question_without_words_shares_nothing(question):
    assert overlaps(question, ["A text."]) == [0.0]


def test_no_texts_share_nothing():
    assert overlaps("Callao", []) == []
