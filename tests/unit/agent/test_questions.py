"""A follow-up is made to stand alone; a question that stands alone is left alone."""

import pytest

from shared.agent.questions import standalone
from shared.domain.conversation import Message, Role


def said(*texts: str) -> tuple[Message, ...]:
    return tuple(Message(role=Role.ASSISTANT if at % 2 else Role.USER, text=text) for at, text in enumerate(texts))


TALK = said("How much does the Falcon engine weigh?", "The Falcon engine weighs 430 kg, says Acme [1]. It is loud.")


@pytest.mark.parametrize(
    "question",
    ["And its price?", "Why?", "What about the noise?", "How loud is it when it runs at full power?", "Und der Preis?", "y eso?"],
)
def test_a_follow_up_takes_the_words_that_it_leans_on(question: str) -> None:
    query = standalone(question, TALK)
    assert query.startswith(question)
    assert {"Falcon", "engine", "weigh"} <= set(query.split())
    assert {"430", "Acme"} <= set(query.split())


@pytest.mark.parametrize(
    "question",
    [
        "How many passengers does the night ferry to Bergen carry?",
        "Wie viele Passagiere bef\u00f6rdert die Nachtf\u00e4hre nach Bergen?",
        "Which warranty conditions apply to the gearbox of the tractor?",
    ],
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    assert standalone(question, TALK) == question


def test_without_history_nothing_is_added() -> None:
    assert standalone("Why?", ()) == "Why?"


def test_a_chain_of_follow_ups_keeps_the_subject() -> None:
    talk = (*TALK, *said("And its price?", "It costs 9000 euro."))
    assert "Falcon" in standalone("Why so much?", talk).split()


def test_the_questions_own_words_are_not_repeated() -> None:
    assert standalone("Is the engine loud?", TALK).lower().split().count("engine") == 1


def test_a_short_question_of_a_script_without_spaces_takes_the_one_before() -> None:
    talk = said("\u6c34\u5728\u591a\u5c11\u5ea6\u6cb8\u817e\uff1f\u8bf7\u8be6\u7ec6\u8bf4\u660e", "\u4e00\u767e\u5ea6\u3002")
    assert talk[0].text in standalone("\u4e3a\u4ec0\u4e48\uff1f", talk)


def test_the_context_is_bounded() -> None:
    assert len(standalone("Why?", said("word " * 3000 + "really unusual subject", "ok"))) < 500
