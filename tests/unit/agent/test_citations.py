"""The marker syntax under every cut of the stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.agent.citations import MARKER_CHARACTERS, Cited, MarkerParser, NothingFound, Piece, without_numbers

FRAGMENTS = st.sampled_from(
    [
        "[[",
        "]]",
        "[",
        "]",
        "1",
        "|",
        "2|",
        "[[1|a quote]]",
        "[[not found]]",
        "[[3]]",
        "not found",
        " ",
        "text",
        "\n",
        "x" * 400,
        "ü",
        "引",
    ]
)
STREAMS = st.lists(FRAGMENTS, max_size=14).map("".join)


def read(*pieces: str) -> list[Piece]:
    parser = MarkerParser()
    found: list[Piece] = []
    for piece in pieces:
        found.extend(parser.feed(piece))
    return joined([*found, *parser.close()])


def joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbouring texts as one, since only where they are cut may differ."""
    whole: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and whole and isinstance(whole[-1], str):
            whole[-1] += piece
        else:
            whole.append(piece)
    return whole


@given(STREAMS, st.data())
def test_where_the_stream_is_cut_changes_nothing(stream: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read(*pieces) == read(stream)


@given(STREAMS)
def test_one_character_at_a_time_reads_as_the_whole(stream: str) -> None:
    assert read(*stream) == read(stream)


@given(st.text(alphabet=st.characters(exclude_characters="["), max_size=300))
def test_text_without_markers_passes_unchanged(text: str) -> None:
    assert read(text) == ([text] if text else [])


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("Water boils [[2|at 100 degrees]].", ["Water boils ", Cited(2, "at 100 degrees"), "."]),
        ("[[1|one]][[2|two]]", [Cited(1, "one"), Cited(2, "two")]),
        ("[[ 1 | spaced ]]", [Cited(1, "spaced")]),
        ("[[Passage 4|quoted]]", [Cited(4, "quoted")]),
        ("[[3]]", [Cited(3, "")]),
        ("[[1|a | b]]", [Cited(1, "a | b")]),
        ("[[1|two\nlines]]", [Cited(1, "two\nlines")]),
        ("[[not found]]", [NothingFound()]),
        ("[[ Not Found ]]", [NothingFound()]),
        ("see [[1|as in [12]]] there", ["see ", Cited(1, "as in [12]"), " there"]),
        ("[see [[1|here]]]", ["[see ", Cited(1, "here"), "]"]),
        ("[[[1|bracketed]]]", ["[", Cited(1, "bracketed"), "]"]),
    ],
)
def test_a_marker_is_read(stream: str, expected: list[Piece]) -> None:
    assert read(stream) == expected


@pytest.mark.parametrize("stream", ["[[wiki link]]", "a[[0]", "[1]", "[[ ", "x [[y", "[[1,2|list]]", "[[12345|far]]", "]] [[ "])
def test_what_is_no_marker_is_plain_text(stream: str) -> None:
    assert "".join(piece for piece in read(stream + "!") if isinstance(piece, str)) == stream + "!"


def test_a_marker_that_the_end_cuts_is_dropped() -> None:
    assert read("It is so [[1|half a quo") == ["It is so "]


def test_a_marker_that_another_one_interrupts_is_dropped_and_the_other_read() -> None:
    assert read("a [[1|cut [[2|whole]] b") == ["a ", Cited(2, "whole"), " b"]


def test_a_quote_beyond_the_bound_is_plain_text() -> None:
    stream = f"[[1|{'long ' * MARKER_CHARACTERS}]]"
    assert read(stream) == [stream]


def test_a_marker_of_exactly_the_bound_is_read() -> None:
    quote = "q" * (MARKER_CHARACTERS - 2)
    assert read(f"[[1|{quote}]]") == [Cited(1, quote)]


def test_text_is_told_before_the_stream_ends() -> None:
    parser = MarkerParser()
    assert parser.feed("Hello ") == ["Hello "]
    assert parser.feed("[[1|wai") == []
    assert parser.feed("ting]] a") == [Cited(1, "waiting"), " a"]


def test_shown_numbers_are_taken_out_of_an_earlier_answer() -> None:
    assert without_numbers("It boils [1]. Perhaps [2?], in [brackets].") == "It boils. Perhaps, in [brackets]."
