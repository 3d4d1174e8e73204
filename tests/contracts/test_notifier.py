"""One suite for every notifier: in memory, and Firebase Cloud Messaging on its wire format."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from requests import Session

from shared.adapters.fcm_notifier import FcmNotifier
from shared.adapters.logging_notifier import LoggingNotifier
from shared.core.errors import ResourceExhaustedError, SynapseError, UnavailableError
from shared.domain.device import DeviceEvent
from shared.domain.notice import Notice
from shared.ports.notifier import Handed, Notifier
from tests.memory.notifier import MemoryNotifier
from tests.wire.server import Reply, WireServer, json_reply, running

NOTICE = Notice(
    event=DeviceEvent.DOCUMENT_READY, document_id="d1", bot_id="bot", title="Ready", body="é 鯨.pdf", tag="d1-1-document_ready"
)
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


def fcm_error(status: int, code: str) -> Reply:
    detail = {"@type": FCM_ERROR, "errorCode": code}
    return json_reply({"error": {"code": status, "message": "No.", "status": "X", "details": [detail]}}, status)


@dataclass(frozen=True)
class Service:
    """A notifier, and how its service is made to behave."""

    notifier: Notifier
    forget: Callable[[str], object]
    refuse: Callable[[str], object]
    go_away: Callable[[], object]


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with running() as server:
        yield server


@pytest.fixture
def fcm(server: WireServer) -> FcmNotifier:
    return FcmNotifier("synapse-dev", open_session=Session, base_url=server.url, seconds=2)


@pytest.fixture(params=["memory", "fcm"])
def service(request: pytest.FixtureRequest, server: WireServer, fcm: FcmNotifier) -> Service:
    if request.param == "memory":
        memory = MemoryNotifier()
        away = UnavailableError("The notification service did not answer.")
        return Service(memory, memory.unregistered.add, memory.refused.add, lambda: memory.errors.append(away))
    replies: dict[str, Reply] = {}
    outage: list[Reply] = []
    taken = json_reply({"name": "projects/synapse-dev/messages/1"})
    server.answer = lambda asked: outage[0] if outage else replies.get(asked.body["message"]["token"], taken)
    return Service(
        fcm,
        lambda token: replies.update({token: fcm_error(404, "UNREGISTERED")}),
        lambda token: replies.update({token: fcm_error(400, "INVALID_ARGUMENT")}),
        lambda: outage.append(fcm_error(503, "UNAVAILABLE")),
    )


async def test_a_notice_is_taken_and_taken_again(service: Service) -> None:
    assert [await service.notifier.send("phone", NOTICE) for _ in range(2)] == [Handed.TAKEN] * 2


async def test_a_token_of_no_device_and_one_that_is_wrong_are_told_apart(service: Service) -> None:
    service.forget("old")
    service.refuse("wrong")
    sent = [await service.notifier.send(token, NOTICE) for token in ("old", "wrong", "phone")]
    assert sent == [Handed.UNREGISTERED, Handed.REFUSED, Handed.TAKEN]


async def test_a_service_that_is_away_may_be_tried_again(service: Service) -> None:
    service.go_away()
    with pytest.raises(UnavailableError):
        await service.notifier.send("phone", NOTICE)


async def test_what_goes_over_the_wire_is_shown_once_on_every_platform(server: WireServer, fcm: FcmNotifier) -> None:
    server.will_reply(json_reply({"name": "projects/synapse-dev/messages/1"}))
    await fcm.send("phone", NOTICE)
    [asked] = server.requests
    assert (asked.method, asked.path) == ("POST", "/v1/projects/synapse-dev/messages:send")
    message: Any = asked.body["message"]
    tag = "d1-1-document_ready"
    assert (message["token"], message["notification"]) == ("phone", {"title": "Ready", "body": "é 鯨.pdf"})
    assert message["data"] == {"event": "document_ready", "document_id": "d1", "bot_id": "bot"}
    assert message["android"] == {"collapse_key": tag, "notification": {"tag": tag}}
    assert (message["apns"]["headers"], message["webpush"]["notification"]) == ({"apns-collapse-id": tag}, {"tag": tag})


@pytest.mark.parametrize(
    ("reply", "handed"),
    [
        (fcm_error(404, "NOT_FOUND"), Handed.REFUSED),
        (json_reply({"error": {"status": "NOT_FOUND"}}, 404), Handed.REFUSED),
        (Reply((b"<html>",), 404), Handed.REFUSED),
        (fcm_error(403, "SENDER_ID_MISMATCH"), Handed.REFUSED),
        (fcm_error(401, "THIRD_PARTY_AUTH_ERROR"), Handed.REFUSED),
        (fcm_error(400, "UNREGISTERED"), Handed.REFUSED),
    ],
)
async def test_no_token_is_forgotten_for_another_reason(
    server: WireServer, fcm: FcmNotifier, reply: Reply, handed: Handed
) -> None:
    server.will_reply(reply)
    assert await fcm.send("phone", NOTICE) is handed


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (fcm_error(429, "QUOTA_EXCEEDED"), ResourceExhaustedError),
        (fcm_error(500, "INTERNAL"), UnavailableError),
        (Reply(ending="cut"), UnavailableError),
        (Reply(ending="hang"), UnavailableError),
    ],
)
async def test_what_may_pass_is_raised(server: WireServer, reply: Reply, kind: type[SynapseError]) -> None:
    server.will_reply(reply)
    notifier = FcmNotifier("synapse-dev", open_session=Session, base_url=server.url, seconds=0.3)
    with pytest.raises(kind):
        await notifier.send("phone", NOTICE)


async def test_the_log_takes_every_notice() -> None:
    assert await LoggingNotifier().send("phone", NOTICE) is Handed.TAKEN
