"""Signing in: a session for whoever proves who they are, and the same words for everybody else."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from shared.core.clock import Clock, system_clock
from shared.core.errors import ResourceExhaustedError
from shared.domain.account import Account
from shared.ports.identity import Caller
from shared.runtime.wiring import bound
from tests.functional.account.failing import failing
from tests.functional.harness import Reply, client_for
from tests.functional.people import NOW, World, recorded

NEUTRAL = "The e-mail address or the password is wrong."
GOOGLE = "eyJhbGciOiJSUzI1NiJ9.grace.signature"


def wanted(**changes: Any) -> Any:
    return recorded(__file__, "sign_in", **changes)


async def sign_in(request: Any) -> Reply:
    return await client_for("sign_in").rest("POST", "/api/v1/auth/login", request)


async def social(provider: str, request: Any) -> Reply:
    return await client_for("sign_in_with_provider").rest("POST", f"/api/v1/auth/social/{provider}", request)


async def test_a_session_opens_every_function_until_it_expires(world: World) -> None:
    reply = await sign_in(wanted())

    assert reply.status == 200
    assert (reply.json["uid"], reply.json["token_type"]) == ("alice", "Bearer")
    assert reply.json["expires_at"] == "2026-11-27T10:00:30Z"
    bots = await client_for("list_bots").call({}, token=reply.json["token"])
    assert {bot["id"] for bot in bots.result["items"]} == {"bot", "talker"}
    assert world.store.accounts["alice"].last_active_at == NOW


async def test_a_page_signs_in_the_same_as_a_callable() -> None:
    assert (await client_for("sign_in").call(wanted())).result["uid"] == "alice"


async def test_a_fresh_id_token_is_exchanged(world: World) -> None:
    fresh = await world.directory.sign_in("alice@example.com", "correct horse battery")

    reply = await sign_in({"id_token": fresh.id_token})

    assert reply.status == 200
    assert reply.json["token"] != fresh.id_token
    assert (await client_for("list_bots").call({}, token=reply.json["token"])).status == 200


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({}, "email"),
        ({"email": "alice@example.com"}, "password"),
        ({"password": "correct horse battery"}, "email"),
        ({"email": "alice", "password": "x"}, "email"),
        ({"email": "alice@example.com", "password": ""}, "password"),
        ({"id_token": ""}, "id_token"),
        ({"id_token": "alice", "email": "alice@example.com"}, "id_token"),
        ({"id_token": "alice", "password": "x"}, "id_token"),
        ({"id_token": "alice", "remember": True}, "remember"),
    ],
)
async def test_whoever_does_not_say_one_way_is_told_which_field(request_: Any, field: str) -> None:
    reply = await sign_in(request_)

    assert (reply.status, reply.json["field"]) == (400, field)


async def test_an_unknown_address_and_a_wrong_password_read_alike() -> None:
    replies = [await sign_in(wanted(**change)) for change in ({"email": "nobody@example.com"}, {"password": "wrong"})]

    assert [(reply.status, reply.json["detail"], reply.json.get("field")) for reply in replies] == [(401, NEUTRAL, None)] * 2


@pytest.mark.parametrize("token", ["forged", "eyJ.x.y"])
async def test_a_wrong_id_token_names_its_field(token: str) -> None:
    reply = await sign_in({"id_token": token})

    assert (reply.status, reply.json["field"]) == (401, "id_token")
    assert token not in reply.json["detail"]


@pytest.mark.parametrize(("minutes", "status"), [(4.9, 200), (5.1, 401)])
async def test_an_id_token_of_an_older_sign_in_opens_no_session(world: World, minutes: float, status: int) -> None:
    fresh = await world.directory.sign_in("alice@example.com", "correct horse battery")
    with bound({Clock: lambda: NOW + timedelta(minutes=minutes)}):
        reply = await sign_in({"id_token": fresh.id_token})

    assert reply.status == status
    assert status == 200 or reply.json["field"] == "id_token"


@pytest.mark.parametrize("way", ["password", "id_token", "provider"])
async def test_a_suspended_person_gets_no_session(world: World, way: str) -> None:
    world.store.accounts["alice"] = Account(id="alice", suspended=True)
    world.directory.known_to_providers[GOOGLE] = ("alice@example.com", True)
    fresh = await world.directory.sign_in("alice@example.com", "correct horse battery")

    replies = {
        "password": lambda: sign_in(wanted()),
        "id_token": lambda: sign_in({"id_token": fresh.id_token}),
        "provider": lambda: social("google", {"id_token": GOOGLE}),
    }
    reply = await replies[way]()

    assert (reply.status, reply.json["detail"]) == (403, "This account is suspended.")


async def test_who_signs_in_within_the_second_of_the_sign_out_gets_a_session_that_works(world: World) -> None:
    world.directory.clock = system_clock
    with bound({Clock: system_clock}):
        world.store.accounts["alice"] = Account(id="alice", signed_out_at=system_clock())
        reply = await sign_in(wanted())

        assert reply.status == 200
        assert (await client_for("list_bots").call({}, token=reply.json["token"])).status == 200


async def test_an_id_token_from_before_the_sign_out_is_refused(world: World) -> None:
    fresh = await world.directory.sign_in("alice@example.com", "correct horse battery")
    world.store.accounts["alice"] = Account(id="alice", signed_out_at=NOW + timedelta(seconds=0.9))

    assert (await sign_in({"id_token": fresh.id_token})).status == 401


async def test_a_clock_far_ahead_is_not_waited_for(world: World) -> None:
    world.store.accounts["alice"] = Account(id="alice", signed_out_at=NOW + timedelta(hours=1))

    assert (await sign_in(wanted())).status == 401


async def test_too_many_tries_at_firebase_say_when_to_come_back(world: World) -> None:
    busy = ResourceExhaustedError("Too many tries; try again later.", retry_after_seconds=60)
    with failing(world, "before sign_in", error=busy):
        reply = await sign_in(wanted())

    assert (reply.status, reply.headers["retry-after"]) == (429, "60")


@pytest.mark.parametrize("moment", ["before sign_in", "before verify", "before get", "before create_session", "before touch"])
async def test_a_port_that_fails_is_unavailable_and_the_next_try_works(world: World, moment: str) -> None:
    with failing(world, moment):
        assert (await sign_in(wanted())).status == 503
        assert (await sign_in(wanted())).status == 200


async def test_google_signs_in_somebody_new_who_has_not_registered(world: World) -> None:
    world.directory.known_to_providers[GOOGLE] = ("grace@example.com", True)

    reply = await social("google", recorded(__file__, "sign_in_with_provider"))

    assert reply.status == 200
    profile = (await client_for("get_profile").call({}, token=reply.json["token"])).result
    assert (profile["email"], profile["email_verified"], profile["username"]) == ("grace@example.com", True, None)
    assert reply.json["uid"] not in world.store.accounts


@pytest.mark.parametrize("provider", ["google", "github"])
async def test_an_access_token_does_for_either_provider(world: World, provider: str) -> None:
    world.directory.known_to_providers["gho_1"] = ("grace@example.com", True)

    asked = {"provider": provider, "access_token": "gho_1"}
    assert (await client_for("sign_in_with_provider").call(asked)).result["token_type"] == "Bearer"


@pytest.mark.parametrize(
    ("provider", "request_", "field"),
    [
        ("facebook", {"access_token": "x"}, "provider"),
        ("google", {}, "access_token"),
        ("google", {"id_token": "x", "access_token": "y"}, "access_token"),
        ("google", {"id_token": ""}, "id_token"),
        ("github", {"id_token": "x"}, "id_token"),
        ("github", {}, "access_token"),
        ("google", {"access_token": "x" * 8193}, "access_token"),
    ],
)
async def test_a_wrong_provider_or_token_is_named(provider: str, request_: Any, field: str) -> None:
    reply = await social(provider, request_)

    assert (reply.status, reply.json["field"]) == (400, field)


async def test_a_token_that_the_provider_does_not_know_is_refused() -> None:
    assert (await social("google", {"id_token": "unknown"})).status == 401


async def test_an_address_that_signs_in_another_way_is_not_taken_over(world: World) -> None:
    world.directory.known_to_providers[GOOGLE] = ("alice@example.com", False)

    reply = await social("google", {"id_token": GOOGLE})

    assert (reply.status, reply.json["code"]) == (409, "ALREADY_EXISTS")


@pytest.mark.parametrize("moment", ["before sign_in_with_provider", "before verify", "before get", "before create_session"])
async def test_a_port_that_fails_for_a_providers_user_is_unavailable(world: World, moment: str) -> None:
    world.directory.known_to_providers[GOOGLE] = ("grace@example.com", True)

    with failing(world, moment):
        assert (await social("google", {"id_token": GOOGLE})).status == 503


async def test_nothing_secret_reaches_the_log(world: World, lines: StringIO) -> None:
    world.identity.callers["secret-token"] = Caller(uid="alice", signed_in_at=NOW)
    opened = await sign_in({"id_token": "secret-token"})
    await sign_in(wanted())
    await sign_in(wanted(password="wrong password"))
    with failing(world, "before create_session"):
        await sign_in(wanted())

    secrets = ["secret-token", opened.json["token"], "correct horse", "wrong password", "alice@example.com"]
    assert lines.getvalue()
    assert [secret for secret in secrets if secret in lines.getvalue()] == []
