"""One's own profile: shown with plan and use, and changed."""

from datetime import timedelta
from typing import Any

import pytest

from shared.core.clock import Clock
from shared.core.errors import ConflictError
from shared.domain.account import Account
from shared.domain.plan import FREE, Reservation, Stock
from shared.ports.identity import Caller
from shared.runtime.wiring import bound
from tests.functional.account.failing import failing
from tests.functional.harness import Reply, client_for
from tests.functional.people import NOW, World, recorded
from tests.memory.turns import add_flow


async def update(token: str | None = "alice", **changes: Any) -> Reply:
    return await client_for("update_profile").rest(
        "PUT", "/api/v1/auth/me", recorded(__file__, "update_profile", **changes), token=token
    )


async def get(token: str = "alice") -> Any:
    reply = await client_for("get_profile").rest("GET", "/api/v1/auth/me", token=token)
    assert reply.status == 200
    return reply.json


async def test_a_profile_shows_who_one_is_what_one_may_and_what_one_has_used(world: World) -> None:
    world.store.stock["alice"] = Stock(bots=2, documents=1, bytes=1000)
    add_flow(world.store, Reservation(owner_id="alice", at=NOW, tokens=300), FREE.flow)
    add_flow(world.store, Reservation(owner_id="alice", at=NOW - timedelta(minutes=5), tokens=100), FREE.flow)

    profile = await get()

    assert (profile["uid"], profile["username"], profile["email"]) == ("alice", "alice", "alice@example.com")
    assert (profile["plan"]["id"], profile["plan"]["name"]) == ("free", "Free")
    assert profile["plan"]["flow"] == FREE.flow.model_dump()
    assert {name: profile["usage"]["stock"][name] for name in ("bots", "documents", "bytes")} == {
        "bots": 2,
        "documents": 1,
        "bytes": 1000,
    }
    assert profile["usage"]["flow"] == {"turns_this_minute": 1, "turns_this_month": 2, "tokens_this_month": 400}
    assert profile["created_at"] == "2026-11-22T10:00:30Z"


async def test_a_page_reads_the_same_as_a_callable() -> None:
    assert (await client_for("get_profile").call({}, token="alice")).result == await get()


async def test_the_address_is_what_the_sign_in_says(world: World) -> None:
    world.identity.callers["alice"] = Caller(uid="alice", email="new@example.com", email_verified=True)

    profile = await get()

    assert (profile["email"], profile["email_verified"]) == ("new@example.com", True)


async def test_who_never_registered_has_the_free_plan_and_no_username(world: World) -> None:
    profile = await get("root")

    assert (profile["uid"], profile["username"], profile["plan"]["id"], profile["created_at"]) == ("root", None, "free", None)
    assert "root" not in world.store.accounts


@pytest.mark.parametrize(("hours", "noted"), [(None, True), (23.9, False), (24, True)])
async def test_being_here_is_noted_once_a_day(world: World, hours: float | None, noted: bool) -> None:  # noqa: FBT001  One column of the table.
    before = NOW - timedelta(hours=hours) if hours else None
    world.store.accounts["alice"] = Account(id="alice", last_active_at=before)
    with failing(world) as hook:
        await get()

    assert ("before touch" in hook.seen) is noted
    assert world.store.accounts["alice"].last_active_at == (NOW if noted else before)


@pytest.mark.parametrize("moment", ["before get", "before read", "before touch"])
async def test_a_profile_whose_port_fails_is_unavailable(world: World, moment: str) -> None:
    with failing(world, moment):
        assert (await client_for("get_profile").call({}, token="alice")).status == 503


async def test_both_names_are_replaced_and_the_old_username_is_free(world: World) -> None:
    reply = await update()

    assert reply.status == 200
    assert (reply.json["username"], reply.json["display_name"]) == ("Alice-in-Wonderland", "Alice Liddell 🐇")
    assert (await get())["username"] == "Alice-in-Wonderland"
    assert (await update("bob", username="alice")).json["username"] == "alice"
    assert set(world.store.usernames.values()) == {"alice", "bob"}
    assert len(world.store.usernames) == 2


async def test_a_page_changes_it_the_same_as_a_callable() -> None:
    changed = await client_for("update_profile").call(recorded(__file__, "update_profile"), token="alice")

    assert changed.result["username"] == "Alice-in-Wonderland"


async def test_the_same_change_again_answers_the_same() -> None:
    assert (await update()).json == (await update()).json


async def test_anothers_username_is_refused_by_its_field_and_nothing_changes(world: World) -> None:
    reply = await update(username="BOB")

    assert (reply.status, reply.json["code"], reply.json["field"]) == (409, "ALREADY_EXISTS", "username")
    assert world.store.accounts["alice"].username == "alice"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "a b"}, "username"),
        ({"username": None}, "username"),
        ({"display_name": "x" * 81}, "display_name"),
        ({"display_name": None}, "display_name"),
        ({"plan_id": "pro"}, "plan_id"),
        ({"suspended": False}, "suspended"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_changes(world: World, change: dict[str, Any], field: str) -> None:
    reply = await update(**change)

    assert (reply.status, reply.json["field"]) == (400, field)
    assert world.store.accounts["alice"].username == "alice"


async def test_who_never_registered_is_sent_to_register() -> None:
    reply = await update("root")

    assert (reply.status, reply.json["code"]) == (400, "FAILED_PRECONDITION")
    assert "Register first" in reply.json["detail"]


async def test_a_change_that_another_outran_is_made_after_it(world: World) -> None:
    with failing(world, "before update", error=ConflictError("The account has changed since it was read.")):
        assert (await update()).status == 200

    assert world.store.accounts["alice"].username == "Alice-in-Wonderland"


async def test_a_change_that_is_always_outrun_says_so(world: World) -> None:
    with failing(world) as hook:
        hook.errors["before update"] = [ConflictError("The account has changed.") for _ in range(3)]
        reply = await update()

    assert (reply.status, reply.json["code"]) == (409, "ABORTED")
    assert world.store.accounts["alice"].username == "alice"


@pytest.mark.parametrize("moment", ["before load", "before update", "after update"])
async def test_a_change_whose_port_fails_can_be_made_again(world: World, moment: str) -> None:
    with failing(world, moment):
        assert (await update()).status == 503
        assert (await update()).status == 200

    assert world.store.usernames["alice-in-wonderland"] == "alice"
    assert "alice" not in world.store.usernames


async def test_display_names_come_back_as_they_were_sent() -> None:
    text = " \u202eabc\u202c é e\u0301 <b>{{7*7}}</b> "

    assert (await update(display_name=text)).json["display_name"] == text


async def test_a_display_name_is_one_line_without_control_characters() -> None:
    refused = (await update(display_name="a\u0000b")).json
    assert refused["detail"] == "display_name must be one line without control characters."


@pytest.mark.parametrize("name", ["get_profile", "update_profile"])
async def test_nobody_has_no_profile(name: str) -> None:
    with bound({Clock: lambda: NOW}):
        assert (await client_for(name).call({})).status == 401
