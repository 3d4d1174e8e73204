"""A conversation stays small, and a turn that nobody holds reads as interrupted."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.conversation import (
    TAIL_MESSAGE_CHARACTERS,
    TAIL_MESSAGES,
    Conversation,
    Role,
    TokenUsage,
    Turn,
    TurnStatus,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def conversation() -> Conversation:
    return Conversation(id="c", owner_id="o", title="t", created_at=NOW, updated_at=NOW)


def turn(**changes: object) -> Turn:
    fields = {"id": "t", "conversation_id": "c", "owner_id": "o", "bot_owner_id": "o", "model": "m", "question": "q"}
    return Turn.model_validate({**fields, "created_at": NOW, "updated_at": NOW, **changes})


@given(st.lists(st.tuples(st.text(max_size=4000), st.text(max_size=4000)), max_size=20))
def test_the_tail_is_bounded_and_ends_with_the_last_exchange(exchanges):
    thread = conversation()
    for question, answer in exchanges:
        thread = thread.with_exchange(question, answer, NOW)
    assert len(thread.tail) <= TAIL_MESSAGES
    assert all(len(message.text) <= TAIL_MESSAGE_CHARACTERS for message in thread.tail)
    assert thread.turns == len(exchanges)
    if exchanges:
        assert thread.tail[-1].text == exchanges[-1][1][:TAIL_MESSAGE_CHARACTERS]
        assert [message.role for message in thread.tail[-2:]] == [Role.USER, Role.ASSISTANT]


def test_a_running_turn_without_a_lease_reads_as_interrupted():
    assert turn().seen_at(NOW).status is TurnStatus.INTERRUPTED
    assert turn(lease_until=NOW - timedelta(seconds=1)).seen_at(NOW).status is TurnStatus.INTERRUPTED


def test_a_running_turn_under_a_lease_still_runs():
    assert turn(lease_until=NOW + timedelta(seconds=1)).seen_at(NOW).status is TurnStatus.RUNNING


def test_an_ended_turn_stays_as_it_ended():
    assert turn(status="done").seen_at(NOW).status is TurnStatus.DONE


def test_what_the_next_release_added_to_a_record_is_passed_over_in_nested_models_too():
    stored = turn(calls=[{"model": "m", "usage": {}}]).model_dump()
    stored["colour"] = stored["calls"][0]["colour"] = "blue"
    assert Turn.stored(stored) == turn(calls=[{"model": "m", "usage": {}}])


def test_usage_counts_both_directions():
    assert TokenUsage(prompt_tokens=2, completion_tokens=3).total == 5
