import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind, TextPage
from shared.ingest.chunk import Chunker, TextChunk, chunk
from shared.ingest.pages import PageBuilder, dump_pages, load_pages

HEADING, PARAGRAPH, TABLE, CODE = BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.TABLE, BlockKind.CODE
SENTENCE = "These are eight words that make one sentence."


def count(texts: Sequence[str]) -> list[int]:
    """Pieces of up to four letters or one mark, and two that an embedder adds."""
    return [2 + len(re.findall(r"\w{1,4}|[^\w\s]", text)) for text in texts]


def page(*blocks: tuple[BlockKind, str] | tuple[BlockKind, str, int], number: int | None = 1) -> TextPage:
    builder = PageBuilder(number)
    for block in blocks:
        builder.add(*block)
    return builder.build()


def texts(chunks: Sequence[TextChunk]) -> list[str]:
    return [each.text for each in chunks]


def test_neighbouring_paragraphs_are_packed_into_one_passage():
    assert texts(chunk([page((PARAGRAPH, "One."), (PARAGRAPH, "Two."))], count, 40)) == ["One.\n\nTwo."]


def test_a_passage_never_crosses_a_pages_edge():
    chunks = chunk([page((PARAGRAPH, "One.")), page((PARAGRAPH, "Two."), number=2)], count, 40)
    assert [(each.place.page, each.text) for each in chunks] == [(1, "One."), (2, "Two.")]


def test_pages_without_numbers_have_places_without_pages():
    assert chunk([page((PARAGRAPH, "One."), number=None)], count, 40)[0].place.page is None


def test_headings_are_kept_outermost_first_and_hold_over_the_next_page():
    first = page((HEADING, "Book", 1), (HEADING, "Chapter", 2), (PARAGRAPH, SENTENCE))
    second = page((PARAGRAPH, SENTENCE), (HEADING, "Other chapter", 2), (PARAGRAPH, SENTENCE * 2), number=2)
    chunks = chunk([first, second], count, 32)
    assert [each.place.headings for each in chunks] == [("Book", "Chapter"), ("Book", "Chapter"), ("Book", "Other chapter")]


def test_a_heading_moves_on_to_the_text_below_it():
    chunks = chunk([page((PARAGRAPH, SENTENCE * 2), (HEADING, "Next", 1), (PARAGRAPH, SENTENCE * 2))], count, 48)
    assert [each.text.split("\n")[0] for each in chunks] == [SENTENCE * 2, "Next"]


def test_a_heading_stays_with_a_block_that_fills_the_passage():
    assert len(chunk([page((HEADING, "Title", 1), (PARAGRAPH, "word " * 32))], count, 40)) == 1


def test_a_heading_at_a_pages_end_stays_on_its_page():
    chunks = chunk([page((PARAGRAPH, "One."), (HEADING, "Next", 1)), page((PARAGRAPH, "Two."), number=2)], count, 40)
    assert texts(chunks) == ["One.\n\nNext", "Two."]
    assert chunks[1].place.headings == ("Next",)


def test_small_sections_share_a_passage_under_the_headings_they_share():
    sections = page((HEADING, "Menu", 1), (HEADING, "Tea", 2), (PARAGRAPH, "Hot."), (HEADING, "Milk", 2), (PARAGRAPH, "Cold."))
    chunks = chunk([sections], count, 128)
    assert [(each.place.headings, each.text) for each in chunks] == [(("Menu",), "Menu\n\nTea\n\nHot.\n\nMilk\n\nCold.")]


def test_a_long_paragraph_is_cut_at_sentences_that_overlap_by_a_short_one():
    paragraph = " ".join([f"Number {number} of many sentences is this one." + " Yes." for number in range(6)])
    chunks = chunk([page((PARAGRAPH, paragraph))], count, 50)
    assert len(chunks) > 1
    assert all(each.text.endswith(".") for each in chunks)
    assert all(later.text.startswith("Yes.") for later in chunks[1:])


def test_a_long_table_is_cut_at_rows_and_repeats_its_header():
    rows = [f"item{number} | {number}" for number in range(40)]
    chunks = chunk([page((TABLE, "\n".join(["Name | Price", *rows])))], count, 40)
    assert len(chunks) > 2
    assert all(each.text.startswith("Name | Price\n") for each in chunks)
    assert [line for each in chunks for line in each.text.split("\n")[1:]] == rows


def test_a_header_that_would_fill_the_passage_is_not_repeated():
    header = " | ".join(f"column{number}" for number in range(8))
    chunks = chunk([page((TABLE, "\n".join([header] + ["a | b"] * 30)))], count, 40)
    assert sum(header in each.text for each in chunks) == 1


def test_code_that_fits_is_whole_and_longer_code_is_cut_at_lines():
    code = "\n".join(f"line_{number}()" for number in range(30))
    assert len(chunk([page((CODE, code))], count, 400)) == 1
    assert all(re.fullmatch(r"(line_\d+\(\)\n?)+", each.text) for each in chunk([page((CODE, code))], count, 60))


def test_no_pages_and_blank_pages_give_no_passages():
    assert chunk([], count, 40) == []
    assert chunk([page(), TextPage(number=2, text="  ", blocks=())], count, 40) == []


WORDS = st.text(alphabet="abcdefgh\u4e2d\u0639-", min_size=1, max_size=14)
PROSE = st.lists(
    st.one_of(WORDS, st.sampled_from(["end.", "\n", "\n\n", "\u3002", "|", "1,204", "a" * 90])), min_size=1, max_size=60
)
BLOCKS = st.tuples(st.sampled_from(list(BlockKind)), PROSE.map(" ".join), st.integers(1, 6))
PAGES = st.lists(st.lists(BLOCKS, max_size=6), max_size=4).map(
    lambda pages: [page(*blocks, number=number) for number, blocks in enumerate(pages, start=1)]
)


@settings(max_examples=150, deadline=None)
@given(PAGES, st.integers(12, 80))
def test_every_passage_is_an_exact_span_and_every_character_is_in_one(pages, max_tokens):
    chunks = chunk(pages, count, max_tokens)
    covered = {each.number: bytearray(len(each.text)) for each in pages}
    for each in chunks:
        source = pages[each.place.page - 1].text
        span = source[each.place.start : each.place.end]
        assert 0 <= each.place.start < each.place.end <= len(source)
        assert span == span.strip()
        assert each.text == span or (each.text.endswith("\n" + span) and each.text[: -len(span) - 1] in source)
        covered[each.place.page][each.place.start : each.place.end] = b"\x01" * (each.place.end - each.place.start)
    for source in pages:
        missed = [char for char, seen in zip(source.text, covered[source.number], strict=True) if not seen]
        assert not "".join(missed).strip()


@settings(max_examples=100, deadline=None)
@given(PAGES, st.integers(12, 80))
def test_passages_are_in_order_within_the_limit_and_the_same_each_time(pages, max_tokens):
    chunks = chunk(pages, count, max_tokens)
    places = [(each.place.page, each.place.start, each.place.end) for each in chunks]
    assert places == sorted(set(places))
    assert [end for _, _, end in places] == [end for _, _, end in sorted(places, key=lambda place: (place[0], place[2]))]
    assert all(tokens <= max_tokens for tokens in count(texts(chunks)))
    assert chunks == chunk(pages, count, max_tokens)


@settings(max_examples=100, deadline=None)
@given(PAGES, st.integers(12, 80), st.lists(st.integers(0, 4), max_size=3))
def test_pages_that_come_shard_by_shard_give_what_they_give_at_once(pages, max_tokens, edges):
    chunker = Chunker(count, max_tokens)
    edges = [0, *sorted(min(edge, len(pages)) for edge in edges), len(pages)]
    shards = [load_pages(dump_pages(pages[start:end])) for start, end in pairwise(edges)]
    assert [passage for shard in shards for passage in chunker.cut(shard)] == chunk(pages, count, max_tokens)


def test_the_next_page_is_not_asked_for_before_the_passages_of_the_last_were_taken():
    asked = []

    def pages():
        for number in (1, 2, 3):
            asked.append(number)
            yield page((PARAGRAPH, SENTENCE), number=number)

    passages = Chunker(count, 40).cut(pages())
    assert next(passages).place.page == 1
    assert asked == [1]


def test_long_lines_of_one_block_are_cut_between_them():
    lines = [" ".join([SENTENCE] * 4) for _ in range(3)]
    assert texts(chunk([page((PARAGRAPH, "\n".join(lines)))], count, 90)) == lines


def test_the_first_passage_that_is_one_too_many_is_refused_in_whatever_shard_it_comes():
    chunker = Chunker(count, 40, max_passages=2)
    first, second, third = ([page((PARAGRAPH, SENTENCE), number=number)] for number in (1, 2, 3))
    assert [len(list(chunker.cut(shard))) for shard in (first, second)] == [1, 1]
    with pytest.raises(RejectedFileError, match="more than 2 passages") as refused:
        list(chunker.cut(third))
    assert refused.value.failure is FailureCode.TOO_LARGE
