"""Signing out ends every session of a person, everywhere and at once."""

from datetime import timedelta

import pytest

from shared.core.clock import Clock
from shared.runtime.wiring import bound
from tests.functional.account.failing import failing
from tests.functional.harness import client_for
from tests.functional.people import NOW, World, recorded


async def a_session() -> str:
    return str((await client_for("sign_in").call(recorded(__file__, "sign_in"))).result["token"])


async def test_every_older_token_is_refused_and_a_new_sign_in_is_not(world: World) -> None:
    fresh = await world.directory.sign_in("alice@example.com", "correct horse battery")
    sessions = [fresh.id_token, await a_session(), await a_session()]

    reply = await client_for("sign_out").rest("POST", "/api/v1/auth/logout", token=sessions[0])

    assert (reply.status, reply.content) == (204, b"")
    assert [(await client_for("list_bots").call({}, token=token)).status for token in sessions] == [401, 401, 401]
    assert "alice" in world.directory.revoked
    world.directory.clock = lambda: NOW + timedelta(seconds=1)
    with bound({Clock: world.directory.clock}):
        assert (await client_for("list_bots").call({}, token=await a_session())).status == 200


async def test_a_page_signs_out_the_same_as_a_callable() -> None:
    assert (await client_for("sign_out").call(None, token=await a_session())).json == {"result": None}


async def test_who_never_registered_signs_out_too(world: World) -> None:
    world.directory.known_to_providers["gho_1"] = ("grace@example.com", True)
    asked = {"provider": "github", "access_token": "gho_1"}
    token = (await client_for("sign_in_with_provider").call(asked)).result["token"]

    assert (await client_for("sign_out").call(None, token=token)).status == 200
    assert (await client_for("get_profile").call({}, token=token)).status == 401


async def test_it_ends_nobody_elses_session() -> None:
    await client_for("sign_out").call(None, token=await a_session())

    assert (await client_for("get_profile").call({}, token="bob")).status == 200


async def test_notifications_end_with_it(world: World) -> None:
    token = await a_session()
    await client_for("register_device").call(recorded(__file__, "register_device"), token=token)
    await client_for("register_device").call(recorded(__file__, "register_device"), token="bob")

    await client_for("sign_out").call(None, token=token)

    assert [device.owner_id for device in world.store.devices.values()] == ["bob"]


@pytest.mark.parametrize("moment", ["before revoke", "before remove_devices", "before sign_out"])
async def test_what_failed_can_be_tried_again_with_the_same_token(world: World, moment: str) -> None:
    token = await a_session()
    with failing(world, moment):
        assert (await client_for("sign_out").call(None, token=token)).status == 503
        assert (await client_for("sign_out").call(None, token=token)).status == 200

    assert (await client_for("get_profile").call({}, token=token)).status == 401


async def test_nobody_has_nothing_to_sign_out_of() -> None:
    assert (await client_for("sign_out").call(None)).status == 401


async def test_it_takes_no_fields() -> None:
    reply = await client_for("sign_out").call({"uid": "bob"}, token="alice")

    assert (reply.status, reply.error["details"]["field"]) == (400, "uid")
