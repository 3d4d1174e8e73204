"""Two tenants: whatever anybody else sends to any function, nothing of Alice's is read, changed, counted or told to exist."""

import pytest

from tests.isolation import checks
from tests.isolation.cases import Foreign, Paged, Refused, Unnamed, foreign, paged, refused, unnamed
from tests.isolation.checks import named
from tests.isolation.tenants import Tenants

NEVER_ASKED_FOR = {"devices", "rates", "embeddings", "flow", "reservations", "ceilings", "dead_letters"}
NEVER_ASKED_FOR |= {"steps", "receipts", "holds", "prompt_runs", "contents", "asked", "payers"}
"""What no function hands out: counters, claims, caches, and what is only written."""


def test_both_own_something_of_every_kind_that_can_be_asked_for() -> None:
    kinds = {name: str(kept) for name, kept in vars(Tenants().store).items() if isinstance(kept, dict)}
    assert {name for name, kept in kinds.items() if "alice" not in kept or "bob" not in kept} == NEVER_ASKED_FOR


@pytest.mark.parametrize("case", list(refused()), ids=named)
async def test_who_may_not_call_is_refused_and_nothing_is_counted(case: Refused) -> None:
    assert await checks.refused_without_a_trace(case, Tenants) == checks.refusal_of(case.stranger)


@pytest.mark.parametrize("case", list(foreign()), ids=named)
async def test_anothers_id_answers_as_a_missing_one_and_changes_nothing(case: Foreign) -> None:
    served = await checks.with_own_id_after_anothers(case, Tenants)
    assert served.status < 400, served


@pytest.mark.parametrize("case", list(unnamed()), ids=named)
async def test_what_names_nothing_shows_and_changes_nothing_of_anothers(case: Unnamed) -> None:
    answered = await checks.of_ones_own(case, Tenants)
    assert answered.status < 400, answered


@pytest.mark.parametrize("case", list(paged()), ids=named)
async def test_anothers_cursor_shows_the_callers_own_alone(case: Paged) -> None:
    shown, own = await checks.items_behind_anothers_cursor(case, Tenants)
    assert shown
    assert [item for item in shown if item not in own] == []
