"""Functions behind topics, the bucket and the clock."""

import base64
import json
from io import StringIO
from typing import Any

import pytest

from shared.core.errors import (
    ConflictError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    UnavailableError,
)
from shared.core.settings import Settings
from shared.runtime.catalogue import Trigger
from shared.runtime.functions import Delivery
from shared.runtime.wiring import bound
from tests.functional.harness import client_of
from tests.functional.runtime.samples import Journal, event, on_object, stage, sweep

TOPIC = Trigger(topic="do-things")
STAGE = client_of(event(stage, TOPIC))
STORAGE = client_of(event(on_object, Trigger(storage="uploads/")))
SCHEDULE = client_of(event(sweep, Trigger(schedule="* * * * *")))
MESSAGE = {"document_id": "d1", "generation": 2, "shard": 3}
JSON = {"content-type": "application/json"}


async def test_a_message_is_parsed_and_acknowledged(journal: Journal) -> None:
    reply = await STAGE.push(MESSAGE, attributes={"correlation_id": "abc"}, message_id="m1", attempt=4)
    ((_, [came]),) = journal.entries
    delivery: Delivery = came["delivery"]
    assert (reply.status, reply.content) == (204, b"")
    assert came["message"].model_dump() == MESSAGE
    assert (delivery.message_id, delivery.attempt, delivery.correlation_id) == ("m1", 4, "abc")
    assert (delivery.subscription, json.loads(delivery.body)) == ("projects/demo-synapse/subscriptions/test", MESSAGE)


async def test_a_message_of_the_next_release_is_read_without_its_new_fields(journal: Journal) -> None:
    reply = await STAGE.push(MESSAGE | {"priority": "high"})
    assert (reply.status, len(journal.entries)) == (204, 1)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnavailableError("Down."), 503),
        (ConflictError("Read again."), 503),
        (ResourceExhaustedError("Full."), 503),
        (InternalError("A defect."), 503),
        (RuntimeError("unknown"), 503),
        (TimeoutError(), 503),
        (NotFoundError("Gone."), 204),
        (InvalidArgumentError("Wrong."), 204),
    ],
)
async def test_the_verdict_decides_whether_it_comes_again(error: Exception, status: int) -> None:
    async def fail(delivery: Delivery) -> None:
        raise error

    reply = await client_of(event(fail, TOPIC)).push(MESSAGE)
    assert (reply.status, reply.content) == (status, b"")


async def test_a_stage_that_takes_too_long_is_ended_and_comes_again(journal: Journal) -> None:
    async def hang(delivery: Delivery) -> None:
        await journal.gate.wait()

    reply = await client_of(event(hang, TOPIC, timeout_seconds=1)).push(MESSAGE)
    assert reply.status == 503


def _push(**message: Any) -> bytes:
    return json.dumps({"message": {"messageId": "m1", **message}}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"message": 1}',
        b'{"message": {"data": ""}}',
        _push(data="not base64!"),
        _push(data=base64.b64encode(b"\xff").decode()),
        _push(data=5),
        _push(data=base64.b64encode(b"no json").decode()),
        _push(data=base64.b64encode(b'{"document_id": "d1"}').decode()),
        _push(attributes=[1]),
        _push(attributes={"a": 1}),
        b"x" * 300_000,
    ],
)
async def test_what_can_never_be_parsed_is_dropped_and_recorded(body: bytes, journal: Journal, lines: StringIO) -> None:
    reply = await STAGE.request("POST", "/", JSON, body)
    severities = [json.loads(line)["severity"] for line in lines.getvalue().splitlines()]
    assert (reply.status, journal.entries) == (204, [])
    assert "ERROR" in severities


async def test_a_push_without_an_attempt_is_the_first() -> None:
    seen: list[Delivery] = []

    async def note(delivery: Delivery) -> None:
        seen.append(delivery)

    reply = await client_of(event(note, TOPIC)).request("POST", "/", JSON, _push(data=base64.b64encode(b"any text").decode()))
    assert (reply.status, seen[0].attempt, seen[0].body) == (204, 1, "any text")


async def test_every_line_of_a_delivery_carries_the_callers_correlation_id(lines: StringIO) -> None:
    await STAGE.push(MESSAGE, attributes={"correlation_id": "abc"})
    assert [json.loads(line)["correlation_id"] for line in lines.getvalue().splitlines()] == ["abc"]


async def test_a_notice_of_a_whole_object_is_parsed(journal: Journal) -> None:
    reply = await STORAGE.notify("uploads/d1", 12, md5="q83v", content_type="application/pdf")
    ((_, [came]),) = journal.entries
    notice = came["notice"]
    assert reply.status == 204
    assert (notice.name, notice.bucket, notice.size) == ("uploads/d1", "demo-synapse-files", 12)
    assert (notice.content_type, notice.md5) == ("application/pdf", "q83v")


@pytest.mark.parametrize(
    "attributes",
    [
        {"eventType": "OBJECT_DELETE", "objectId": "uploads/d1"},
        {"eventType": "OBJECT_FINALIZE", "objectId": "derived/d1/1/pages-00000.json"},
        {},
    ],
)
async def test_other_notices_of_the_bucket_mean_nothing(attributes: dict[str, str], journal: Journal) -> None:
    reply = await STORAGE.push({"name": "x"}, attributes=attributes)
    assert (reply.status, journal.entries) == (204, [])


async def test_a_schedule_runs_whatever_its_body(journal: Journal) -> None:
    reply = await SCHEDULE.schedule()
    assert (reply.status, journal.entries[0][0]) == (204, "ran")


async def test_a_schedule_that_failed_for_now_is_tried_again() -> None:
    async def fail() -> None:
        raise UnavailableError("Down.")

    reply = await client_of(event(fail, Trigger(schedule="* * * * *"))).schedule()
    assert reply.status == 503


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
async def test_events_come_by_post_alone(method: str) -> None:
    reply = await STAGE.request(method, "/")
    assert reply.status == 405


async def test_in_the_cloud_no_message_is_handled_beside_an_emulator(journal: Journal) -> None:
    with bound({Settings: Settings(k_service="stage", pubsub_emulator_host="127.0.0.1:8085")}):
        reply = await STAGE.push(MESSAGE)
    assert (reply.status, journal.entries) == (503, [])
