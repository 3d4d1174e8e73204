"""Devices to notify: remembered, renewed and forgotten, their tokens shown to nobody."""

from io import StringIO
from typing import Any

import pytest

from shared.domain.device import DeviceEvent
from tests.functional.account.failing import failing
from tests.functional.harness import Reply, client_for
from tests.functional.people import NOW, World, recorded

TOKEN = "fcm:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx"


async def register(who: str = "alice", /, **changes: Any) -> Reply:
    request = recorded(__file__, "register_device", **changes)
    return await client_for("register_device").rest("POST", "/api/v1/auth/me/devices", request, token=who)


async def test_a_device_is_remembered_and_its_token_not_shown(world: World) -> None:
    reply = await register()

    assert reply.status == 200
    assert (reply.json["platform"], reply.json["events"]) == ("android", ["document_ready", "quota_near"])
    [device] = world.store.devices.values()
    assert (device.owner_id, device.token, device.updated_at, device.id) == ("alice", TOKEN, NOW, reply.json["id"])
    assert TOKEN not in reply.content.decode()


async def test_a_page_registers_the_same_as_a_callable() -> None:
    called = await client_for("register_device").call(recorded(__file__, "register_device"), token="alice")

    assert called.result == (await register()).json


async def test_without_a_choice_a_device_is_told_everything() -> None:
    request = recorded(__file__, "register_device")
    del request["events"]

    reply = await client_for("register_device").call(request, token="alice")

    assert reply.result["events"] == [event.value for event in DeviceEvent]


async def test_the_same_token_again_is_the_same_device(world: World) -> None:
    first = (await register()).json
    second = (await register(events=["document_failed", "document_failed"], platform="ios")).json

    assert second == {"id": first["id"], "platform": "ios", "events": ["document_failed"]}
    assert len(world.store.devices) == 1


async def test_no_events_forget_the_device_and_an_unknown_one_too(world: World) -> None:
    await register()
    replies = [await register(events=[]) for _ in range(2)]

    assert [(reply.status, reply.json["events"]) for reply in replies] == [(200, [])] * 2
    assert world.store.devices == {}


async def test_nobody_forgets_anothers_device(world: World) -> None:
    await register()
    await register("bob", events=[])

    assert [device.owner_id for device in world.store.devices.values()] == ["alice"]


async def test_a_phone_that_changes_hands_tells_its_new_owner_alone(world: World) -> None:
    for who in ("alice", "bob"):
        assert (await register(who)).status == 200
    assert [device.owner_id for device in world.store.devices.values()] == ["bob"]


async def test_of_too_many_devices_one_gives_way(world: World) -> None:
    for number in range(21):
        assert (await register(token=f"token-{number}")).status == 200

    assert len(world.store.devices) == 20


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"token": ""}, "token"),
        ({"token": "x" * 4097}, "token"),
        ({"platform": "fridge"}, "platform"),
        ({"events": ["everything"]}, "events.0"),
        ({"events": ["quota_near"] * 4}, "events"),
        ({"events": None}, "events"),
        ({"owner_id": "bob"}, "owner_id"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_remembered(world: World, change: dict[str, Any], field: str) -> None:
    reply = await register(**change)

    assert (reply.status, reply.json["field"]) == (400, field)
    assert world.store.devices == {}


@pytest.mark.parametrize(("moment", "events"), [("before add_device", ["quota_near"]), ("before remove_device", [])])
async def test_a_store_that_fails_is_unavailable(world: World, moment: str, events: list[str]) -> None:
    with failing(world, moment):
        assert (await register(events=events)).status == 503


async def test_its_token_reaches_no_log(world: World, lines: StringIO) -> None:
    await register()
    with failing(world, "before add_device"):
        await register()

    assert lines.getvalue()
    assert TOKEN not in lines.getvalue()


async def test_nobody_has_no_devices() -> None:
    assert (await client_for("register_device").call(recorded(__file__, "register_device"))).status == 401
