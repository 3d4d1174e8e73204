"""The demo does its job on the session's stack, and would notice if an answer were wrong."""

import pytest

from local.demo import QUESTIONS, Steps, do_the_job, require_expected
from local.processes import StackError


@pytest.mark.timeout(240)
def test_the_main_job_comes_true(stack, capsys):
    do_the_job(stack, Steps())
    shown = capsys.readouterr().out
    for name in ("dense-passage-retrieval.pdf", "duck.html", "garden-rules.docx", "ferry-timetable.xlsx", "lighthouse.epub"):
        assert f"{name}: ready" in shown
    assert "harbour-seals.html: ready" in shown
    assert "[1] dense-passage-retrieval.pdf, page 1: “" in shown
    assert shown.count("▸ ") == 5 + len(QUESTIONS)


def _citation(**changed):
    question = QUESTIONS[0]
    citation = {"document_title": question.source, "place": {"page": question.page}, "quote": question.quoted, "verified": True}
    return {**citation, **changed}


def test_a_verified_citation_with_page_and_quote_is_accepted():
    result = {"citations": [_citation()], "found": True}
    assert require_expected(QUESTIONS[0], result) is None


@pytest.mark.parametrize(
    "wrong", [{"place": {"page": 2}}, {"verified": False}, {"quote": "something else"}, {"document_title": "other.pdf"}]
)
def test_a_citation_that_proves_nothing_is_noticed(wrong):
    result = {"citations": [_citation(**wrong)], "found": True}
    with pytest.raises(StackError, match="No verified citation shows"):
        require_expected(QUESTIONS[0], result)


@pytest.mark.parametrize("result", [{"citations": [], "found": True}, {"citations": [{"verified": False}], "found": False}])
def test_an_answer_to_what_no_file_answers_is_noticed(result):
    with pytest.raises(StackError, match="the bot did not say so"):
        require_expected(QUESTIONS[-1], result)
