"""A conversation stays small, and a turn that nobody holds reads as interrupted."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.conversation import (
    TAIL_MESSAGE_CHARACTERS,
    TAIL_MESSAGES,
    Conversation,
    Message,
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


@given(st.lists(st.tuples(st.text(max_size=4000), st.text(min_size=1, max_size=4000)), max_size=20))
def test_the_tail_is_bounded_and_ends_with_the_last_exchange(exchanges):
    thread = conversation()
    for number, (question, answer) in enumerate(exchanges):
        thread = thread.after(turn(id=f"c-{number}", question=question, answer=answer, settlements=1))
    assert len(thread.tail) <= TAIL_MESSAGES
    assert all(len(message.text) <= TAIL_MESSAGE_CHARACTERS for message in thread.tail)
    assert thread.turns == len(exchanges)
    if exchanges:
        assert thread.tail[-1].text == exchanges[-1][1][:TAIL_MESSAGE_CHARACTERS]
        assert [message.role for message in thread.tail[-2:]] == [Role.USER, Role.ASSISTANT]


def talk(*answers: str) -> Conversation:
    """Turns a, b, c and so on, each after the one before."""
    thread, parent = conversation(), None
    for name, answer in zip("abcdefghij", answers, strict=False):
        said = turn(id=f"c-{name}", question=f"{name}?", answer=answer, parent_turn_id=parent, settlements=1)
        thread, parent = thread.after(said), said.id
    return thread


def texts(messages: Sequence[Message] | None) -> str | None:
    return None if messages is None else " ".join(message.text for message in messages)


def test_the_path_to_a_turn_is_the_tail_cut_after_it():
    thread = talk("A", "B", "C")
    assert texts(thread.path_to("c-b")) == "a? A b? B"
    assert texts(thread.path_to("c-c")) == "a? A b? B c? C"
    assert thread.path_to(None) == ()
    assert thread.path_to("c-x") is None


def test_the_path_to_a_last_turn_that_said_nothing_is_the_whole_tail():
    thread = talk("A", "")
    assert (thread.active_turn_id, texts(thread.path_to("c-b"))) == ("c-b", "a? A")


def test_a_branch_drops_what_came_after_its_parent_and_becomes_the_active_one():
    branch = turn(id="c-x", question="x?", answer="X", parent_turn_id="c-a", is_branch=True, settlements=1)
    thread = talk("A", "B", "C").after(branch)
    assert (texts(thread.tail), thread.active_turn_id, thread.turns) == ("a? A x? X", "c-x", 4)


def test_a_new_first_turn_begins_the_tail_anew():
    thread = talk("A", "B").after(turn(id="c-x", question="x?", answer="X", is_branch=True, settlements=1))
    assert texts(thread.tail) == "x? X"


def test_a_second_settlement_replaces_the_answer_where_it_stands():
    thread = talk("A", "B", "C").after(turn(id="c-b", question="b?", answer="Better", settlements=2))
    assert (texts(thread.tail), thread.turns, thread.active_turn_id) == ("a? A b? Better c? C", 3, "c-c")


def test_a_turn_that_answers_only_the_second_time_is_added_while_it_is_the_last():
    late = turn(id="c-b", question="b?", answer="Late", settlements=2)
    assert texts(talk("A", "").after(late).tail) == "a? A b? Late"
    assert texts(talk("A", "", "C").after(late).tail) == "a? A c? C"


def test_an_abandoned_turn_ends_as_its_last_checkpoint_left_it():
    running = turn(answer="It", holder="dead", lease_until=NOW)
    ended = running.abandoned("sweeper", NOW)
    assert (ended.status, ended.holder, ended.lease_until, ended.settlements, ended.answer) == (
        TurnStatus.INTERRUPTED,
        "sweeper",
        None,
        1,
        "It",
    )
    assert running.model_copy(update={"stop_requested_at": NOW}).abandoned("sweeper", NOW).status is TurnStatus.STOPPED


def test_of_two_attempts_the_longer_answer_stays():
    first = turn(answer="They eat", found=True)
    assert turn(answer="They").keeping_longer(first).answer == "They eat"
    assert turn(answer="They eat krill").keeping_longer(first).answer == "They eat krill"


def test_what_an_attempt_used_leaves_out_what_was_charged_before():
    calls = [{"model": "m", "usage": {"prompt_tokens": 30, "completion_tokens": 10}}] * 2
    assert turn(calls=calls, charged_tokens=40).used_tokens == 40


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
