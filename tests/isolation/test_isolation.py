"""Two tenants: whatever anybody else sends to any function, nothing of Alice's is read, changed, counted or told to exist."""

import json
import re
from typing import Any

import pytest

from shared.runtime import catalogue
from tests.functional.protocols import Outcome, example_of, outcome_of, speak
from tests.isolation.cases import (
    Foreign,
    Refused,
    Stranger,
    Unnamed,
    bobs_request,
    dotted,
    foreign,
    own_id,
    refused,
    unnamed,
    with_id,
)
from tests.isolation.tenants import MARKS, Tenants

REFUSALS = {
    Stranger.NOBODY: (401, "UNAUTHENTICATED", None),
    Stranger.SUSPENDED: (403, "PERMISSION_DENIED", "alice"),
    Stranger.SIGNED_OUT: (401, "UNAUTHENTICATED", "alice"),
    Stranger.NO_ADMINISTRATOR: (403, "PERMISSION_DENIED", "bob"),
}


NEVER_ASKED_FOR = {"devices", "rates", "embeddings", "flow", "reservations", "ceilings", "dead_letters"}
NEVER_ASKED_FOR |= {"steps", "receipts", "holds", "prompt_runs"}
"""What no function hands out: counters, claims, caches, and what is only written."""


def named(case: tuple[Any, ...]) -> str:
    return "-".join(dotted(part) if isinstance(part, tuple) else str(part) for part in case)


class Asked:
    """Bob's call in a world of its own, with what was kept before and after it."""

    def __init__(self) -> None:
        self.world = Tenants()
        self.before = self.world.everything()

    async def call(self, case: Foreign | Unnamed, fields: dict[str, Any]) -> Outcome:
        with self.world.running():
            caller, headers = _caller(case.function), _all_that_is_told(case.function)
            reply = await speak(case.function, case.protocol, fields, token=caller, headers=headers)
        self.after = self.world.everything()
        asked = json.dumps(fields).lower()
        # Bob's own ids are made of hers.
        told = re.sub(r"bobs-[\w.-]+", "", reply.content.decode().lower())
        assert [mark for mark in MARKS if mark in told and mark not in asked] == []
        self._alice_has_what_she_had()
        return outcome_of(reply)

    def _alice_has_what_she_had(self) -> None:
        changed = {name for name in self.before.keys() | self.after.keys() if self.before.get(name) != self.after.get(name)}
        assert [name for name in changed if "alice" in f"{name} {self.before.get(name)} {self.after.get(name)}"] == []


def _caller(function: str) -> str | None:
    """What is public is called without a token."""
    http = catalogue.read(function).trigger.http
    return None if http and http.access == "public" else "bob"


def _all_that_is_told(function: str) -> dict[str, str]:
    """A stream's events must be seen too, which its result alone would hide."""
    return {"accept": "text/event-stream"} if catalogue.read(function).stream else {}


def test_both_own_something_of_every_kind_that_can_be_asked_for() -> None:
    kinds = {name: str(kept) for name, kept in vars(Tenants().store).items() if isinstance(kept, dict)}
    assert {name for name, kept in kinds.items() if "alice" not in kept or "bob" not in kept} == NEVER_ASKED_FOR


@pytest.mark.parametrize("case", list(refused()), ids=named)
async def test_who_may_not_call_is_refused_and_nothing_is_counted(case: Refused) -> None:
    status, code, token = REFUSALS[case.stranger]
    world = Tenants()
    if case.stranger is Stranger.SUSPENDED:
        world.suspend()
    if case.stranger is Stranger.SIGNED_OUT:
        world.sign_out()
    before = world.everything()
    with world.running():
        reply = outcome_of(await speak(case.function, case.protocol, example_of(case.function)["request"], token=token))
    assert (reply.status, reply.code) == (status, code)
    assert world.everything() == before


@pytest.mark.parametrize("case", list(foreign()), ids=named)
async def test_anothers_id_answers_as_a_missing_one_and_changes_nothing(case: Foreign) -> None:
    assert case.alices, f"say in tests/isolation/tenants.py what Alice owns by the name of {case.field}"
    absent = f"absent-{case.alices}"
    asked, missed, own = Asked(), Asked(), Asked()
    anothers = await asked.call(case, with_id(case.function, case.field, case.alices))
    missing = await missed.call(case, with_id(case.function, case.field, absent))
    # A sentence may repeat the id that was asked for.
    message = (missing.message or "").replace(absent, case.alices)
    assert (anothers.status, anothers.code, anothers.message or "") == (missing.status, missing.code, message)
    if anothers.status >= 400:
        assert asked.after == asked.before
    # Else the refusal could be for something else: with an id of his own, all the rest is right.
    served = await own.call(case, with_id(case.function, case.field, own_id(case.field, case.alices)))
    assert served.status < 400, served


@pytest.mark.parametrize("case", list(unnamed()), ids=named)
async def test_what_names_nothing_shows_and_changes_nothing_of_anothers(case: Unnamed) -> None:
    answered = await Asked().call(case, bobs_request(case.function))
    assert answered.status < 400, answered
