"""Ids: random where guessed, derived where retried."""

from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import chunk_id, digest, embedding_key, is_id, new_id


def test_new_ids_are_ids_and_differ():
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(is_id(made_id) for made_id in made)


@given(st.text())
def test_what_could_leave_its_path_is_no_id(text):
    assert not is_id(text + "/x")
    assert not is_id("../" + text)
    assert not is_id("")


def test_chunk_ids_sort_in_reading_order():
    ids = [chunk_id("doc", 1, ordinal) for ordinal in (0, 2, 10, 100, 99_999)]
    assert ids == sorted(ids)


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_two_lists_of_parts_share_a_digest_only_when_equal(one, other):
    assert (digest(*one) == digest(*other)) == (one == other)


def test_the_embedding_key_tells_queries_from_passages():
    assert embedding_key("m", 2, "query", "text") != embedding_key("m", 2, "passage", "text")
