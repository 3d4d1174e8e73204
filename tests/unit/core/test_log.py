"""The log is one JSON object a line, and never breaks on what is logged."""

import io
import json
from logging.config import dictConfig

import pytest

from shared.core import log


@pytest.fixture
def lines():
    stream = io.StringIO()
    log.configure(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    log.logger.handlers.clear()
    log.bind(function="", correlation_id="")


def test_a_line_carries_function_and_correlation_id(lines):
    log.bind(function="chat", correlation_id="abc")
    log.logger.info("Answered", extra={"turn_id": "t1"})
    assert lines() == [{"severity": "INFO", "message": "Answered", "function": "chat", "correlation_id": "abc", "turn_id": "t1"}]


def test_an_exception_becomes_a_field_of_the_same_line(lines):
    try:
        int("inner")
    except ValueError:
        log.logger.exception("It failed")
    (line,) = lines()
    assert "ValueError: invalid literal" in line["exception"]
    assert line["severity"] == "ERROR"


def test_what_json_does_not_know_is_written_as_text(lines):
    log.logger.info("odd", extra={"thing": object})
    assert "class 'object'" in lines()[0]["thing"]


def test_lines_of_a_joined_block_belong_to_the_earlier_call(lines):
    log.bind(function="sweep", correlation_id="sweep-1")
    with log.joined("upload-1"):
        log.logger.info("driven")
    with log.joined(None):
        log.logger.info("looked")
    assert [line["correlation_id"] for line in lines()] == ["upload-1", "sweep-1"]


def test_the_log_survives_a_configuration_that_disables_every_logger(lines):
    stream = log.logger.handlers[0].stream
    dictConfig({"version": 1, "root": {"level": "WARNING"}})
    assert log.logger.disabled
    log.configure(stream)
    log.logger.info("heard")
    assert lines()[0]["message"] == "heard"
