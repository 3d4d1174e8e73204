"""Registering: a user, an account and a username, whole or to be gone on with."""

import asyncio
from collections.abc import Mapping
from io import StringIO
from typing import Any

import pytest

from shared.core.errors import UnavailableError
from shared.domain.account import Account
from shared.ports.identity import Caller
from tests.functional.account.failing import failing
from tests.functional.harness import Reply, client_for
from tests.functional.people import NOW, World, recorded
from tests.memory.directory import User

ADA = {
    "uid": "uid-of-ada",
    "username": "Ada.Lovelace",
    "display_name": "Ada",
    "email": "ada@example.com",
    "email_verified": False,
    "created_at": "2026-11-22T10:00:30Z",
    "last_active_at": None,
}
# Every moment of a registration at which something may end: the port's call, before and after it took effect.
PORTS = ("sign_up", "load", "create", "send_verification")
MOMENTS = [f"{when} {port}" for port in PORTS for when in ("before", "after")]


def wanted(**changes: Any) -> Any:
    return recorded(__file__, "register_user", **changes)


def without(*names: str, **changes: Any) -> Any:
    return {name: value for name, value in wanted(**changes).items() if name not in names}


async def register(request: Mapping[str, Any], token: str | None = None) -> Reply:
    return await client_for("register_user").rest("POST", "/api/v1/auth/register", request, token=token)


async def test_who_registers_has_a_profile_and_is_asked_to_verify_the_address(world: World) -> None:
    reply = await register(wanted())

    assert (reply.status, reply.json) == (201, ADA)
    assert world.directory.mails == [("verify", "ada@example.com")]
    assert world.store.accounts["uid-of-ada"].terms_accepted_at == NOW
    assert world.store.usernames["ada.lovelace"] == "uid-of-ada"


async def test_a_page_registers_the_same_as_a_callable() -> None:
    assert (await client_for("register_user").call(wanted())).result == ADA


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": f"{'a' * 250}@b.de"}, "email"),
        ({"password": "7 chars"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"username": "ab"}, "username"),
        ({"username": "Ada Lovelace"}, "username"),
        ({"username": "\u0430da"}, "username"),
        ({"display_name": "x" * 81}, "display_name"),
        ({"accept_terms": False}, "accept_terms"),
        ({"accept_terms": "true"}, "accept_terms"),
        ({"plan_id": "pro"}, "plan_id"),
    ],
)
async def test_a_wrong_field_is_named_and_nobody_is_added(world: World, change: dict[str, Any], field: str) -> None:
    reply = await register(wanted(**change))

    assert (reply.status, reply.json["field"]) == (400, field)
    assert "ada@example.com" not in world.directory.users


@pytest.mark.parametrize("missing", ["email", "password", "username", "accept_terms"])
async def test_what_is_missing_is_named(missing: str) -> None:
    reply = await register(without(missing))

    assert (reply.status, reply.json["field"]) == (400, missing)


async def test_anothers_username_is_named_and_another_one_then_works(world: World) -> None:
    taken = await register(wanted(username="ALICE"))

    assert (taken.status, taken.json["code"], taken.json["field"]) == (409, "ALREADY_EXISTS", "username")
    assert "ada@example.com" not in world.directory.users
    assert world.directory.mails == []
    assert (await register(wanted())).status == 201


async def test_a_user_who_could_not_be_taken_back_goes_on_with_another_username(world: World) -> None:
    with failing(world, "before delete_user"):
        assert (await register(wanted(username="alice"))).status == 503
    assert "ada@example.com" in world.directory.users

    assert (await register(wanted())).json == ADA


async def test_an_address_of_somebody_else_is_refused_by_its_field(world: World) -> None:
    reply = await register(wanted(email="alice@example.com", password="wrong password"))

    assert (reply.status, reply.json["code"], reply.json["field"]) == (409, "ALREADY_EXISTS", "email")
    assert world.directory.users["alice@example.com"].uid == "alice"
    assert world.directory.mails == []


async def test_who_is_registered_does_not_get_a_second_username(world: World) -> None:
    reply = await register(wanted(email="alice@example.com"))

    assert (reply.status, reply.json["field"]) == (409, "email")
    assert world.store.accounts["alice"].username == "alice"
    assert "ada.lovelace" not in world.store.usernames


async def test_a_suspended_person_cannot_register_what_was_left_unfinished(world: World) -> None:
    world.directory.users["ada@example.com"] = User("ada", "ada@example.com")
    world.store.accounts["ada"] = Account(id="ada", suspended=True)

    assert (await register(wanted())).status == 403
    assert world.store.accounts["ada"].username is None


async def test_the_same_registration_again_answers_the_same(world: World) -> None:
    replies = [await register(wanted()) for _ in range(2)]

    assert [(reply.status, reply.json) for reply in replies] == [(201, ADA)] * 2
    assert len(world.store.usernames) == 3


async def test_a_button_pressed_twice_registers_once(world: World) -> None:
    replies = await asyncio.gather(*(register(wanted()) for _ in range(2)))

    assert [reply.json for reply in replies] == [ADA, ADA]
    assert [user.uid for user in world.directory.users.values()].count("uid-of-ada") == 1


@pytest.mark.parametrize("moment", MOMENTS)
async def test_whatever_it_was_interrupted_at_the_same_call_again_goes_on(world: World, moment: str) -> None:
    with failing(world, moment) as hook:
        first = await register(wanted())
        again = await register(wanted())

    assert moment in hook.seen
    # A mail that was not sent loses no registration.
    assert first.status == (201 if "send_verification" in moment else 503)
    assert (again.status, again.json) == (201, ADA)
    assert world.store.usernames["ada.lovelace"] == "uid-of-ada"
    assert ("verify", "ada@example.com") in world.directory.mails


async def test_the_moments_are_all_that_there_are(world: World) -> None:
    with failing(world) as hook:
        await register(wanted())

    assert hook.seen == MOMENTS


async def test_a_caller_who_is_signed_in_registers_without_address_and_password(world: World) -> None:
    world.identity.callers["grace"] = Caller(uid="grace", email="grace@example.com", email_verified=True)

    reply = await register(without("email", "password", username="Grace"), token="grace")

    assert reply.status == 201
    assert (reply.json["uid"], reply.json["email"], reply.json["email_verified"]) == ("grace", "grace@example.com", True)
    assert world.directory.mails == []


async def test_who_signed_out_before_registering_registers_the_account_that_is_there(world: World) -> None:
    world.identity.callers["grace"] = Caller(uid="grace", email="grace@example.com", signed_in_at=NOW)
    world.store.accounts["grace"] = Account(id="grace", signed_out_at=NOW.replace(hour=9))

    reply = await register(without("email", "password", username="Grace"), token="grace")

    assert reply.status == 201
    assert world.store.accounts["grace"].signed_out_at == NOW.replace(hour=9)


@pytest.mark.parametrize("given", ["email", "password"])
async def test_a_caller_who_is_signed_in_chooses_no_other_address(given: str) -> None:
    left_out = {"email", "password"} - {given}
    reply = await register(without(*left_out), token="alice")

    assert (reply.status, reply.json["field"]) == (400, "email")


@pytest.mark.parametrize("moment", ["before sign_in", "before verify", "before get"])
async def test_a_port_that_fails_while_somebody_returns_is_unavailable(world: World, moment: str) -> None:
    world.directory.users["ada@example.com"] = User("uid-of-ada", "ada@example.com")

    with failing(world, moment):
        assert (await register(wanted())).status == 503


async def test_neither_password_nor_address_reaches_the_log(world: World, lines: StringIO) -> None:
    await register(wanted())
    with failing(world, "before send_verification", error=UnavailableError("Sign-in does not answer.")):
        await register(wanted())

    assert "a verification mail was not sent" in lines.getvalue()
    assert [word for word in ("correct horse", "ada@example.com", "sign-in-") if word in lines.getvalue()] == []
