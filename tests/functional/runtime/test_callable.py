"""The Firebase callable protocol, unary."""

import asyncio
import json
from io import StringIO

import pytest

from shared.core.errors import (
    AlreadyExistsError,
    ConflictError,
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    ResourceExhaustedError,
    SynapseError,
    UnavailableError,
)
from shared.core.settings import Settings
from shared.runtime.wiring import bound
from tests.functional.harness import client_of
from tests.functional.runtime.samples import Answer, http, make

MAKE = client_of(http(make))


async def test_a_call_is_answered_under_result() -> None:
    reply = await MAKE.call({"name": "Ada"}, token="alice")
    assert reply.result == {"name": "Ada", "count": 1, "colour": "red", "by": "alice"}


async def test_typed_integers_are_read_as_numbers() -> None:
    long = {"@type": "type.googleapis.com/google.protobuf.Int64Value", "value": "9007199254740993"}
    reply = await MAKE.call({"name": "Ada", "count": long}, token="alice")
    assert reply.result["count"] == 9007199254740993


async def test_a_whole_number_is_a_fraction_too() -> None:
    reply = await MAKE.call({"name": "Ada", "ratio": 1, "parts": [{"size": 2}]}, token="alice")
    assert reply.status == 200


async def test_no_data_stands_for_no_fields() -> None:
    async def ask() -> Answer:
        return Answer(text="here")

    reply = await client_of(http(ask)).call(None, token="alice")
    assert reply.result == {"text": "here"}


async def test_a_use_case_without_an_answer_answers_null() -> None:
    async def forget() -> None:
        return None

    reply = await client_of(http(forget)).call(None, token="alice")
    assert reply.json == {"result": None}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (FailedPreconditionError("Not yet."), 400, "FAILED_PRECONDITION"),
        (AlreadyExistsError("Taken."), 409, "ALREADY_EXISTS"),
        (ConflictError("Read again."), 409, "ABORTED"),
        (ResourceExhaustedError("Too much."), 429, "RESOURCE_EXHAUSTED"),
        (UnavailableError("Later."), 503, "UNAVAILABLE"),
        (DeadlineExceededError("Too slow."), 504, "DEADLINE_EXCEEDED"),
    ],
)
async def test_an_error_has_its_status_code_and_sentence(error: SynapseError, status: int, code: str) -> None:
    async def refuse() -> Answer:
        raise error

    reply = await client_of(http(refuse)).call(None, token="alice")
    assert (reply.status, reply.error["status"], reply.error["message"]) == (status, code, error.message)


async def test_a_limit_says_when_to_come_back_in_header_and_details() -> None:
    async def refuse() -> Answer:
        raise ResourceExhaustedError("Too many turns this minute.", field="turns", retry_after_seconds=12.2)

    reply = await client_of(http(refuse)).call(None, token="alice")
    details = reply.error["details"]
    assert (reply.headers["retry-after"], details["field"], details["retry_after_seconds"]) == ("13", "turns", 12.2)


@pytest.mark.parametrize("defect", [RuntimeError("password=hunter2"), InternalError("bots/x has no owner"), KeyError("secret")])
async def test_a_defect_tells_the_caller_nothing_of_itself(defect: Exception) -> None:
    async def break_down() -> Answer:
        raise defect

    reply = await client_of(http(break_down)).call(None, token="alice")
    assert (reply.status, reply.error["status"]) == (500, "INTERNAL")
    assert str(defect).encode() not in reply.content


async def test_the_correlation_id_comes_back_and_stands_in_an_error() -> None:
    reply = await MAKE.call({}, token="alice", headers={"X-Correlation-Id": "abc-1"})
    assert (reply.headers["x-correlation-id"], reply.error["details"]["correlation_id"]) == ("abc-1", "abc-1")


async def test_a_malformed_correlation_id_is_replaced() -> None:
    reply = await MAKE.call({"name": "Ada"}, token="alice", headers={"X-Correlation-Id": 'x"} injected'})
    assert reply.headers["x-correlation-id"].isalnum()


async def test_a_stream_asked_of_a_unary_function_is_its_result_alone() -> None:
    events = await MAKE.events({"name": "Ada"}, token="alice")
    assert [list(event) for event in events] == [["result"]]


async def test_a_use_case_that_takes_too_long_is_ended_before_the_platform_does_it() -> None:
    async def hang() -> Answer:
        await asyncio.Event().wait()
        return Answer(text="never")

    reply = await client_of(http(hang, timeout_seconds=1)).call(None, token="alice")
    assert (reply.status, reply.error["status"]) == (504, "DEADLINE_EXCEEDED")


class TestCrossOrigin:
    PAGE = Settings(allowed_origins="https://app.example, https://admin.example")

    async def test_a_preflight_from_an_allowed_origin_may_send_what_it_asked_for(self) -> None:
        headers = {"origin": "https://app.example", "access-control-request-headers": "authorization,x-new"}
        with bound({Settings: self.PAGE}):
            reply = await MAKE.request("OPTIONS", "/", headers)
        assert reply.status == 204
        assert reply.headers["access-control-allow-origin"] == "https://app.example"
        assert reply.headers["access-control-allow-headers"] == "authorization,x-new"
        assert "POST" in reply.headers["access-control-allow-methods"]

    async def test_a_preflight_from_another_origin_is_allowed_nothing(self) -> None:
        with bound({Settings: self.PAGE}):
            reply = await MAKE.request("OPTIONS", "/", {"origin": "https://evil.example"})
        assert [name for name in reply.headers if name.startswith("access-control")] == []

    async def test_a_page_may_read_errors_too(self) -> None:
        with bound({Settings: self.PAGE}):
            reply = await MAKE.call({}, headers={"origin": "https://app.example"})
        assert (reply.status, reply.headers["access-control-allow-origin"]) == (401, "https://app.example")

    async def test_caches_keep_origins_apart(self) -> None:
        with bound({Settings: self.PAGE}):
            reply = await MAKE.call({"name": "Ada"}, token="alice", headers={"origin": "https://app.example"})
        assert "Origin" in reply.headers["vary"]

    async def test_any_origin_may_call_where_the_environment_says_so(self) -> None:
        reply = await MAKE.call({"name": "Ada"}, token="alice", headers={"origin": "https://any.example"})
        assert reply.headers["access-control-allow-origin"] == "*"


async def test_every_line_of_a_call_carries_function_and_correlation_id(lines: StringIO) -> None:
    await MAKE.call({}, token="alice", headers={"X-Correlation-Id": "abc-2"})
    entries = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert {(entry["function"], entry["correlation_id"]) for entry in entries} == {("make", "abc-2")}
