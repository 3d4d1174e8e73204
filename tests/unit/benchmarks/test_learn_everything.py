"""Which files count as learned, as refused and as stuck."""

from benchmarks.learn_everything import File, outcome_of, report

FILE = File("docs/a.pdf", "pdf", frozenset({"ok"}))


def _document(**changes):
    known = {"status": "ready", "is_ready": True, "duplicate_of": None, "failure": None, "pages": 2, "chunks": 3}
    return {**known, **changes}


def _whole(*stuck):
    return {"upload_seconds": 1, "seconds": 2, "stuck": list(stuck), "attachments": {}}


def test_a_ready_file_is_ok():
    outcome = outcome_of(FILE, _document(), {}, 1.5)
    assert (outcome.outcome, outcome.is_right, outcome.pages, outcome.chunks) == ("ok", True, 2, 3)


def test_a_failed_file_says_its_code_and_sentence():
    failed = _document(status="failed", is_ready=False, failure={"code": "needs_ocr", "message": "A scan."})
    outcome = outcome_of(FILE, failed, {}, 1.5)
    assert (outcome.outcome, outcome.sentence, outcome.is_right) == ("needs_ocr", "A scan.", False)


def test_a_duplicate_came_to_what_its_original_came_to():
    duplicate = _document(status="duplicate", is_ready=False, duplicate_of="first", chunks=None)
    outcome = outcome_of(FILE, duplicate, {"first": _document()}, 1.5)
    assert (outcome.outcome, outcome.has_ended, outcome.is_right, outcome.chunks) == ("ok", True, True, 3)


def test_a_file_that_has_not_ended_is_right_in_no_case(capsys):
    learning = _document(status="embedding", is_ready=False)
    outcome = outcome_of(File("a.pdf", "pdf", frozenset({"embedding"})), learning, {}, None)
    assert not outcome.is_right
    assert not report([outcome], _whole("a.pdf"))
    assert "still learning: a.pdf" in capsys.readouterr().out


def test_fewer_right_ends_than_the_goal_are_no_success(capsys):
    right = outcome_of(FILE, _document(), {}, 1.0)
    wrong = outcome_of(FILE, _document(is_ready=False, status="failed", failure={"code": "empty", "message": "No."}), {}, 1.0)
    assert report([right] * 19 + [wrong], _whole())
    assert not report([right] * 18 + [wrong], _whole())
    assert "docs/a.pdf: empty, expected ok. No." in capsys.readouterr().out
