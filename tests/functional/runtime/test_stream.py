"""The Firebase callable protocol, streaming, on the wire."""

import asyncio
import json
from io import StringIO

import pytest

from shared.core.settings import Settings
from shared.runtime.wiring import bound
from tests.functional.harness import Client, client_of
from tests.functional.runtime.samples import Journal, http, say

SAY = client_of(http(say, "POST /api/v1/words", stream=True))
HASTY = client_of(http(say, "POST /api/v1/words", stream=True, timeout_seconds=1))
LASTS = {"result", "error"}


def words(events: list[dict[str, dict[str, str]]]) -> list[str]:
    return [event["message"]["text"] for event in events if "message" in event]


async def test_events_come_first_and_the_result_last() -> None:
    events = await SAY.events({"text": "one two"}, token="alice")
    assert events == [
        {"message": {"type": "token", "text": "one"}},
        {"message": {"type": "token", "text": "two"}},
        {"result": {"text": "one two"}},
    ]


async def test_a_frame_is_one_line_without_names_or_ids() -> None:
    async with SAY.stream({"text": "one|two"}, token="alice") as stream:
        reply = await stream.reply()
    lines = [line for line in reply.content.split(b"\n") if line]
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert all(line.startswith(b'data: {"') for line in lines)
    assert reply.events[0]["message"]["text"] == "one\ntwo"
    assert len(lines) == 2


async def test_events_leave_as_they_are_made(journal: Journal) -> None:
    async with SAY.stream({"text": "one wait two"}, token="alice") as stream:
        first = await stream.next()
        assert first["message"]["text"] == "one"
        journal.gate.set()
        rest = await stream.rest_of_events()
    assert words(rest) == ["wait", "two"]


async def test_an_idle_stream_shows_that_it_lives(journal: Journal) -> None:
    with bound({Settings: Settings(stream_heartbeat_seconds=0.01)}):
        async with SAY.stream({"text": "one wait"}, token="alice") as stream:
            frames = [await stream.frame() for _ in range(4)]
            journal.gate.set()
            rest = await stream.rest_of_events()
    assert frames[1:] == [": ping"] * 3
    assert [next(iter(event)) for event in rest] == ["message", "result"]


class TestErrors:
    @pytest.mark.parametrize(
        ("data", "token", "status", "code"),
        [
            ({"text": "one"}, None, 401, "UNAUTHENTICATED"),
            ({"text": "one"}, "forged", 401, "UNAUTHENTICATED"),
            ({}, "alice", 400, "INVALID_ARGUMENT"),
            ({"text": "absent"}, "alice", 404, "NOT_FOUND"),
            ({"text": "fail"}, "alice", 500, "INTERNAL"),
        ],
    )
    async def test_an_error_before_the_first_event_has_its_status_and_is_an_event(
        self, data: object, token: str | None, status: int, code: str
    ) -> None:
        async with SAY.stream(data, token=token) as stream:
            reply = await stream.reply()
        assert reply.status == status
        assert [event["error"]["status"] for event in reply.events] == [code]

    @pytest.mark.parametrize(("text", "code"), [("one absent", "NOT_FOUND"), ("one fail", "INTERNAL")])
    async def test_an_error_after_the_first_event_is_the_last_event(self, text: str, code: str) -> None:
        events = await SAY.events({"text": text}, token="alice")
        assert words(events) == ["one"]
        assert [event["error"]["status"] for event in events if LASTS & event.keys()] == [code]

    async def test_a_defect_in_the_middle_tells_nothing_of_itself(self) -> None:
        async with SAY.stream({"text": "one fail"}, token="alice") as stream:
            reply = await stream.reply()
        assert b"secret" not in reply.content

    @pytest.mark.parametrize("text", ["one mute", "one twice"])
    async def test_a_use_case_that_breaks_the_protocol_still_ends_with_one_error(self, text: str) -> None:
        events = await SAY.events({"text": text}, token="alice")
        assert [event["error"]["status"] for event in events if LASTS & event.keys()] == ["INTERNAL"]

    async def test_an_answer_that_takes_too_long_ends_with_an_error(self, journal: Journal) -> None:
        events = await HASTY.events({"text": "one wait"}, token="alice")
        assert events[-1]["error"]["status"] == "DEADLINE_EXCEEDED"
        assert journal.entries == [("closed", [{"said": ["one"]}])]


class TestDisconnect:
    async def test_the_use_case_is_closed_while_it_waits(self, journal: Journal) -> None:
        async with SAY.stream({"text": "one clean wait"}, token="alice") as stream:
            await stream.next()
            await stream.next()
        assert journal.entries == [("closed", [{"said": ["one", "clean"]}])]

    async def test_it_is_closed_before_its_first_event(self, journal: Journal) -> None:
        async with SAY.stream({"text": "wait"}, token="alice"):
            await asyncio.sleep(0.01)
        assert journal.entries == [("closed", [{"said": []}])]

    async def test_it_is_closed_when_only_sending_tells_that_the_client_is_gone(self, journal: Journal) -> None:
        await _run_against_a_broken_pipe(SAY, {"text": "one two three"})
        assert journal.entries == [("closed", [{"said": ["one"]}])]

    async def test_it_is_closed_when_a_unary_call_is_left(self, journal: Journal) -> None:
        headers = {"content-type": "application/json", "authorization": "Bearer alice"}
        exchange = SAY.send("POST", "/", headers, [json.dumps({"data": {"text": "one wait"}}).encode()])
        await asyncio.sleep(0.01)
        exchange.disconnect()
        await exchange.reply()
        assert journal.entries == [("closed", [{"said": ["one"]}])]

    async def test_it_is_a_note_in_the_log_and_no_defect(self, lines: StringIO) -> None:
        async with SAY.stream({"text": "one wait"}, token="alice") as stream:
            await stream.next()
        severities = {json.loads(line)["severity"] for line in lines.getvalue().splitlines()}
        assert severities == {"INFO"}


@pytest.mark.parametrize(("text", "outcome"), [("one", "result"), ("one absent", "error"), ("one wait", "left")])
async def test_the_log_says_how_a_stream_ended(text: str, outcome: str, lines: StringIO) -> None:
    async with SAY.stream({"text": text}, token="alice") as stream:
        await stream.next()
    assert json.loads(lines.getvalue().splitlines()[-1])["outcome"] == outcome


class TestUnary:
    async def test_without_the_header_the_result_alone_is_answered(self) -> None:
        reply = await SAY.call({"text": "one two"}, token="alice")
        assert reply.json == {"result": {"text": "one two"}}

    async def test_an_error_in_the_middle_has_its_status(self) -> None:
        reply = await SAY.call({"text": "one absent"}, token="alice")
        assert (reply.status, reply.error["status"]) == (404, "NOT_FOUND")


class TestRest:
    HEADERS = {"accept": "text/event-stream"}  # noqa: RUF012 - nobody writes to it.

    async def test_a_route_streams_the_same_events(self) -> None:
        reply = await SAY.rest("POST", "/api/v1/words", {"text": "one"}, token="alice", headers=self.HEADERS)
        assert [next(iter(event)) for event in reply.events] == ["message", "result"]

    async def test_a_route_answers_json_without_the_header(self) -> None:
        reply = await SAY.rest("POST", "/api/v1/words", {"text": "one"}, token="alice")
        assert reply.json == {"text": "one"}


async def test_a_thousand_streams_are_open_at_once(journal: Journal) -> None:
    listeners = [asyncio.create_task(SAY.events({"text": "one wait"}, token="alice")) for _ in range(1000)]
    await asyncio.sleep(0.5)
    journal.gate.set()
    ended = await asyncio.gather(*listeners)
    assert [event[-1] for event in ended] == [{"result": {"text": "one wait"}}] * 1000


async def _run_against_a_broken_pipe(client: Client, data: object) -> None:
    """A server that says nothing of a disconnect, and fails each send after the first event, as ASGI 2.4 has it."""
    sent = 0
    waiting = asyncio.Event()
    body = [{"type": "http.request", "body": json.dumps({"data": data}).encode(), "more_body": False}]

    async def receive() -> dict[str, object]:
        if body:
            return body.pop()
        await waiting.wait()
        return {"type": "http.disconnect"}

    async def send(_: object) -> None:
        nonlocal sent
        sent += 1
        if sent > 1:
            raise OSError

    headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer alice"), (b"accept", b"text/event-stream")]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    await client.app(scope, receive, send)
