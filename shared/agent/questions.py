"""Makes a follow-up searchable on its own, without a model call: the words that it leaves out come from what was said before.

The rule is light on language: few content words, an opener or a pronoun that points back. It knows such words of six European
languages; elsewhere it sees only that a question is very short. It cannot tell a new short topic from a follow-up, so it adds
to the question's words and never replaces them. An exact paraphrase would need a model call before every search.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from shared.agent.citations import without_numbers
from shared.agent.function_words import FUNCTION, OPENER, POINTING
from shared.agent.words import is_unsegmented, terms
from shared.domain.conversation import Message, Role

_KEY_TERMS = 6
_FEW_WORDS = 3
_SEVERAL_WORDS = 9
_SHORT_UNSEGMENTED = 10
_CONTEXT_CHARACTERS = 400

_TERM = re.compile(r"[^\W_][\w'\u2019-]*")


def standalone(question: str, history: Sequence[Message]) -> str:
    """The question, and where it leans on the conversation, the words that it leans on."""
    said = [message for message in history if message.text.strip()]
    if not said or not _leans_back(question):
        return question
    context = " ".join((_earlier_question(said), *_key_terms(said)))
    return f"{question} {_without_repeats(context, question)}"[: len(question) + 1 + _CONTEXT_CHARACTERS].rstrip()


def _leans_back(question: str) -> bool:
    if is_unsegmented(question):
        return len(question.strip()) <= _SHORT_UNSEGMENTED
    words = terms(question)
    content = [word for word in words if word not in FUNCTION and word not in POINTING]
    if len(content) < _FEW_WORDS or OPENER.match(question.strip()):
        return len(content) < _SEVERAL_WORDS
    return len(content) < _SEVERAL_WORDS and not POINTING.isdisjoint(words)


def _earlier_question(said: Sequence[Message]) -> str:
    """The last question that did not lean back itself; with none, the first."""
    questions = [message.text for message in said if message.role is Role.USER]
    # A chain of follow-ups leans on the question that began it, not on the link before.
    whole = [text for text in questions if not _leans_back(text)]
    return (whole or questions[:1] or [""])[-1]


def _key_terms(said: Sequence[Message]) -> list[str]:
    """Names and figures of the last answer: words with a digit or a capital that begins no sentence, in their order."""
    answers = [message.text for message in said if message.role is Role.ASSISTANT]
    text = without_numbers(answers[-1]) if answers else ""
    found = list(_TERM.finditer(text))
    names = [
        after[0]
        for before, after in pairwise(found)
        if _names(after[0]) and not _ends_sentence(text[before.end() : after.start()])
    ]
    return list(dict.fromkeys(names))[:_KEY_TERMS]


def _names(word: str) -> bool:
    return len(word) > 1 and (word[0].isupper() or any(character.isdigit() for character in word))


def _ends_sentence(between: str) -> bool:
    return any(mark in between for mark in ".!?:\n")


def _without_repeats(context: str, question: str) -> str:
    """The context's content words, each once and none of the question's; text of an unsegmented script stays whole."""
    if is_unsegmented(context):
        return context
    known = set(terms(question)) | FUNCTION | POINTING
    kept: list[str] = []
    for word in _TERM.findall(context):
        folded = word.casefold()
        if folded not in known:
            known.add(folded)
            kept.append(word)
    return " ".join(kept)
