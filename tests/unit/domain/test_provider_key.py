"""What may be known of a sealed key, and what it is bound to."""

import pytest

from shared.domain.provider_key import hint_of, provider_key_id, seal_context


@pytest.mark.parametrize(
    ("key", "hint"),
    [("", ""), ("short", ""), ("x" * 23, ""), ("x" * 20 + "7f3a", "7f3a"), ("sk-proj-" + "a" * 100 + "WXYZ", "WXYZ")],
)
def test_a_hint_is_the_end_of_a_long_key_and_nothing_of_a_short_one(key: str, hint: str) -> None:
    assert hint_of(key) == hint


def test_two_owners_keys_of_one_name_lie_apart() -> None:
    assert len({provider_key_id("alice", "key"), provider_key_id("bob", "key"), provider_key_id("alice", "other")}) == 3


def test_a_seal_is_bound_to_owner_name_and_address() -> None:
    whole = ("alice", "key", "https://api.example")
    changed = [
        ("bob", *whole[1:]),
        ("alice", "other", whole[2]),
        ("alice", "key", "https://evil.example"),
        ("alicek", "ey", whole[2]),
    ]

    assert len({seal_context(*whole), *(seal_context(*other) for other in changed)}) == 5
