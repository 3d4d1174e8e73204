"""What holds of two tenants wherever their things are kept: the calls, and what must be the same before and after them."""

import json
import re
from collections.abc import Callable
from typing import Any

from shared.runtime import catalogue
from tests.functional.protocols import Outcome, example_of, outcome_of, speak
from tests.isolation.cases import (
    Foreign,
    Paged,
    Refused,
    Stranger,
    Unnamed,
    bobs_request,
    dotted,
    id_fields,
    own_id,
    with_id,
)
from tests.isolation.tenants import MARKS, Tenants

Opened = Callable[[], Tenants]
"""Opens the tenants' world as it was in the beginning."""

REFUSALS = {
    Stranger.NOBODY: (401, "UNAUTHENTICATED", None),
    Stranger.SUSPENDED: (403, "PERMISSION_DENIED", "alice"),
    Stranger.SIGNED_OUT: (401, "UNAUTHENTICATED", "alice"),
    Stranger.NO_ADMINISTRATOR: (403, "PERMISSION_DENIED", "bob"),
    Stranger.OWNER: (403, "PERMISSION_DENIED", "alice"),
    Stranger.SUSPENDED_ADMINISTRATOR: (403, "PERMISSION_DENIED", "root"),
    Stranger.SIGNED_OUT_ADMINISTRATOR: (401, "UNAUTHENTICATED", "root"),
}


def named(case: tuple[Any, ...]) -> str:
    """The case as a test's id."""
    return "-".join(dotted(part) if isinstance(part, tuple) else str(part) for part in case)


class Asked:
    """Bob's call in a world of its own, with what was kept before and after it."""

    def __init__(self, world: Tenants) -> None:
        self.world = world

    async def call(self, case: Foreign | Unnamed | Paged, fields: dict[str, Any]) -> Outcome:
        """What it came to. Fails the test for anything of Alice's that it tells or changes."""
        await self.world.lay_out()
        self.before = await self.world.everything()
        with self.world.running():
            caller, headers = _caller(case.function), _all_that_is_told(case.function)
            reply = await speak(case.function, case.protocol, fields, token=caller, headers=headers)
        self.after = await self.world.everything()
        asked = json.dumps(fields).lower()
        # Bob's own ids are made of hers.
        told = re.sub(r"bobs-[\w.-]+", "", reply.content.decode().lower())
        assert [mark for mark in MARKS if mark in told and mark not in asked] == []
        self._alice_has_what_she_had()
        return outcome_of(reply)

    def _alice_has_what_she_had(self) -> None:
        changed = {name for name in self.before.keys() | self.after.keys() if self.before.get(name) != self.after.get(name)}
        assert [name for name in changed if self._is_alices(name)] == []

    def _is_alices(self, name: str) -> bool:
        """Whether it tells of her, or lies beneath what does, as a document of a subcollection."""
        above = self.before.get(name.rsplit("/", 2)[0])
        return "alice" in f"{name} {self.before.get(name)} {self.after.get(name)} {above}"


def _caller(function: str) -> str | None:
    """What is public is called without a token."""
    http = catalogue.read(function).trigger.http
    return None if http and http.access == "public" else "bob"


def _all_that_is_told(function: str) -> dict[str, str]:
    """A stream's events must be seen too, which its result alone would hide."""
    return {"accept": "text/event-stream"} if catalogue.read(function).stream else {}


def refusal_of(stranger: Stranger) -> tuple[int, str]:
    """What this stranger must be told."""
    status, code, _ = REFUSALS[stranger]
    return status, code


async def refused_without_a_trace(case: Refused, opened: Opened) -> tuple[int, str | None]:
    """What the stranger is told, whatever he asks for; fails the test where anything was counted."""
    _, _, token = REFUSALS[case.stranger]
    world = opened()
    if case.stranger in {Stranger.SUSPENDED, Stranger.SUSPENDED_ADMINISTRATOR}:
        world.suspend(token or "")
    if case.stranger in {Stranger.SIGNED_OUT, Stranger.SIGNED_OUT_ADMINISTRATOR}:
        world.sign_out(token or "")
    await world.lay_out()
    before = await world.everything()
    with world.running():
        reply = outcome_of(await speak(case.function, case.protocol, example_of(case.function)["request"], token=token))
    assert await world.everything() == before
    return reply.status, reply.code


async def with_own_id_after_anothers(case: Foreign, opened: Opened) -> Outcome:
    """What the call comes to with an id of the caller's own; fails the test where another's did not answer as a missing one,
    or changed anything.
    """
    assert case.alices, f"say in tests/isolation/tenants.py what Alice owns by the name of {case.field}"
    absent = f"absent-{case.alices}"
    asked = Asked(opened())
    anothers = await asked.call(case, with_id(case.function, case.field, case.alices))
    missing = await Asked(opened()).call(case, with_id(case.function, case.field, absent))
    # A sentence may repeat the id that was asked for.
    message = (missing.message or "").replace(absent, case.alices)
    assert (anothers.status, anothers.code, anothers.message or "") == (missing.status, missing.code, message)
    if anothers.status >= 400:
        assert asked.after == asked.before
    # Else the refusal could be for something else: with an id of his own, all the rest is right.
    return await Asked(opened()).call(case, with_id(case.function, case.field, own_id(case.field, case.alices)))


async def of_ones_own(case: Unnamed, opened: Opened) -> Outcome:
    """What the call comes to; fails the test where it shows or changes anything of another's."""
    return await Asked(opened()).call(case, bobs_request(case.function))


async def items_behind_anothers_cursor(case: Paged, opened: Opened) -> tuple[list[Any], list[Any]]:
    """What Bob sees from the cursor of Alice's list, and the whole of his own; fails the test where her ids and her cursor
    together show anything.
    """

    def world() -> Tenants:
        tenants = opened()
        tenants.have_a_second_of_all_that_is_listed()
        return tenants

    cursor = await _alices_cursor(case, world())
    request = bobs_request(case.function)
    whole = await Asked(world()).call(case, request)
    rest = await Asked(world()).call(case, request | {"cursor": cursor})
    if id_fields(case.function):
        hers = example_of(case.function)["request"]
        missing = await Asked(world()).call(case, hers)
        assert missing.status == 404
        assert await Asked(world()).call(case, hers | {"cursor": cursor}) == missing
    return _page(rest)["items"], _page(whole)["items"]


async def _alices_cursor(case: Paged, world: Tenants) -> str:
    """Where the second page of her list begins."""
    await world.lay_out()
    with world.running():
        request = example_of(case.function)["request"] | {"page_size": 1}
        reply = await speak(case.function, case.protocol, request, token="alice")
    cursor = _page(outcome_of(reply))["next_cursor"]
    assert isinstance(cursor, str), f"say in tests/isolation/tenants.py that Alice has two of what {case.function} lists"
    return cursor


def _page(outcome: Outcome) -> dict[str, Any]:
    """The page of an answer, which may hold it under a name."""
    result: dict[str, Any] = outcome.result
    return result if "items" in result else next(one for one in result.values() if "items" in one)
