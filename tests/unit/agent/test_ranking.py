"""How candidates are ordered."""

from shared.agent.ranking import rank
from shared.agent.words import terms
from shared.domain.chunk import Hit
from tests.unit.agent.library import a_chunk


def ranked(query: str, *texts: str, limit: int = 10) -> list[str]:
    hits = [Hit(chunk=a_chunk(text, ordinal=at), score=0.9 - at / 100) for at, text in enumerate(texts)]
    return [hit.chunk.text for hit in rank(query, hits, limit)]


def test_without_a_shared_word_the_dense_order_stands() -> None:
    assert ranked("zebra", "first text", "second text", "third text") == ["first text", "second text", "third text"]


def test_a_rare_word_of_the_question_lifts_its_passage() -> None:
    texts = ["the engine runs well", "the engine stops often", "the engine code is P0420", "the engine is loud"]
    assert ranked("what does engine code P0420 mean", *texts)[0] == "the engine code is P0420"


def test_a_word_that_all_share_changes_little() -> None:
    assert ranked("engine", "engine one", "engine two", "engine three")[0] == "engine one"


def test_a_repeated_text_takes_no_place_of_another() -> None:
    assert ranked("engine", "Engine one!", "engine one", "engine two", limit=2) == ["Engine one!", "engine two"]


def test_nothing_ranked_is_nothing() -> None:
    assert ranked("anything") == []


def test_words_are_folded_and_scripts_without_spaces_give_pairs() -> None:
    assert terms("Stra\u00dfe \u00c9COLE no_underscore 3rd") == ["strasse", "\u00e9cole", "no", "underscore", "3rd"]
    assert terms("\u6c34\u6cb8\u817e at \u6c34") == ["\u6c34\u6cb8", "\u6cb8\u817e", "at", "\u6c34"]


def test_a_question_without_spaces_finds_its_words() -> None:
    texts = ["\u4eca\u5929\u5929\u6c14\u5f88\u597d", "\u6c34\u5728\u4e00\u767e\u5ea6\u6cb8\u817e"]
    assert ranked("\u6c34\u6cb8\u817e\u6cb8\u817e", *texts)[0] == texts[1]
