"""A forgotten password: a mail for who is known, and the same answer for everybody."""

from typing import Any

import pytest

from shared.core.errors import UnavailableError
from tests.functional.account.failing import failing
from tests.functional.harness import Reply, client_for
from tests.functional.people import World, recorded


async def reset(**changes: Any) -> Reply:
    request = recorded(__file__, "request_password_reset", **changes)
    return await client_for("request_password_reset").rest("POST", "/api/v1/auth/password-reset", request)


async def test_the_answer_tells_nobody_whether_the_address_is_known(world: World) -> None:
    known, unknown = await reset(), await reset(email="nobody@example.com")

    volatile = {"x-correlation-id"}
    told = [({k: v for k, v in one.headers.items() if k not in volatile}, one.status, one.content) for one in (known, unknown)]
    assert told[0] == told[1]
    assert (known.status, known.content) == (204, b"")
    assert world.directory.mails == [("reset", "alice@example.com")]


async def test_a_page_asks_the_same_as_a_callable(world: World) -> None:
    reply = await client_for("request_password_reset").call(recorded(__file__, "request_password_reset"))

    assert reply.json == {"result": None}
    assert world.directory.mails == [("reset", "alice@example.com")]


@pytest.mark.parametrize("email", ["", "alice", None, f"{'a' * 250}@b.de"])
async def test_what_is_no_address_is_named(email: str | None) -> None:
    reply = await reset(email=email)

    assert (reply.status, reply.json["field"]) == (400, "email")


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
async def test_an_outage_reads_alike_too(world: World, email: str) -> None:
    with failing(world, "before send_password_reset", error=UnavailableError("Sign-in does not answer.")):
        reply = await reset(email=email)

    assert (reply.status, reply.json["detail"]) == (503, "Sign-in does not answer.")
