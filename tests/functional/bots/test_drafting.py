"""Drafting instructions: by a model at the caller's expense, or from set phrases where no model follows a prompt."""

from typing import Any

import pytest

from shared.core.errors import ResourceExhaustedError, UnavailableError
from shared.domain.conversation import TokenUsage
from shared.domain.personas import PERSONAS
from shared.domain.plan import FREE
from shared.ports.models import ChatModels
from shared.ports.prompts import Personas
from shared.ports.usage import Usage
from shared.runtime.wiring import bound
from tests.contracts.records import own_persona
from tests.functional.harness import client_for
from tests.functional.people import World, recorded
from tests.memory.chat_models import MemoryChatModels, ScriptedChatModel
from tests.memory.interposed import Interposed, Raises
from tests.memory.prompts import MemoryPersonas
from tests.memory.turns import MemoryUsage

DRAFT = client_for("draft_instructions")
ROUTE = "/api/v1/child-bots/draft"


def spent(world: World) -> dict[str, int]:
    return {window: amount for (owner, window), amount in world.store.flow.items() if owner == "alice"}


def speaking(world: World, *pieces: str, **options: Any) -> ScriptedChatModel:
    """The environment's model, saying this."""
    world.model.script = pieces
    for name, value in options.items():
        setattr(world.model, name, value)
    return world.model


async def test_a_model_is_asked_with_everything_that_was_told_as_data(world: World) -> None:
    model = speaking(world, "```\nYou plan ", "whale trips.\n```", usage=TokenUsage(prompt_tokens=300, completion_tokens=50))
    reply = await DRAFT.rest("POST", ROUTE, recorded(__file__, "draft_instructions"), token="alice")

    assert (reply.status, reply.json) == (200, {"instructions": "You plan whale trips.", "composed": False})
    [prompt] = model.prompts
    told = ("Helps new divers to plan a first trip to see whales.", "diving, whales", PERSONAS["tutor"].instructions)
    assert all(text in prompt.user and text not in prompt.system for text in told)
    assert prompt.system.endswith("the language with the BCP 47 tag en.")
    assert spent(world) == {"turns 2026-11-22 10:00": 1, "turns 2026-11": 1, "tokens 2026-11": 350}


async def test_a_key_is_asked_and_paid_for_once(world: World) -> None:
    model = speaking(world, "You plan whale trips.")
    wanted = recorded(__file__, "draft_instructions", idempotency_key="k")
    drafts = [(await DRAFT.call(wanted, token="alice")).result for _ in "ab"]
    assert drafts[0] == drafts[1]
    assert len(model.prompts) == 1


async def test_without_a_model_that_follows_instructions_the_draft_is_composed_for_nothing(world: World) -> None:
    model = ScriptedChatModel()
    model.spec = model.spec.model_copy(update={"follows_instructions": False})
    with bound({ChatModels: MemoryChatModels(model)}):
        drafts = [(await DRAFT.call(recorded(__file__, "draft_instructions"), token="alice")).result for _ in "ab"]

    assert drafts[0] == drafts[1]
    assert drafts[0]["composed"] is True
    told = ("first trip to see whales", "diving, whales", PERSONAS["tutor"].instructions, "tag en")
    assert all(text in drafts[0]["instructions"] for text in told)
    assert (model.prompts, spent(world)) == ([], {})


async def test_an_own_persona_is_taken_up_and_anothers_is_a_missing_one(world: World) -> None:
    model = speaking(world, "Arr.")
    world.store.personas["alice", "pirate"] = own_persona("alice", "pirate")
    wanted = recorded(__file__, "draft_instructions", persona_id="pirate")
    assert (await DRAFT.call(wanted, token="alice")).status == 200
    assert "Speak as a pirate." in model.prompts[0].user
    foreign = (await DRAFT.call(wanted, token="bob")).error
    missing = (await DRAFT.call(wanted | {"persona_id": "nobody"}, token="bob")).error
    assert (foreign["status"], foreign["message"]) == ("NOT_FOUND", missing["message"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"description": "  "}, "description"),
        ({"description": "x" * 2001}, "description"),
        ({"keywords": ["x" * 61]}, "keywords.0"),
        ({"keywords": ["x"] * 21}, "keywords"),
        ({"language": "German, please"}, "language"),
        ({"persona_id": "a/b"}, "persona_id"),
        ({"instructions": "x"}, "instructions"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_paid(world: World, change: dict[str, Any], field: str) -> None:
    error = (await DRAFT.call(recorded(__file__, "draft_instructions", **change), token="alice")).error
    assert (error["status"], error["details"]["field"]) == ("INVALID_ARGUMENT", field)
    assert spent(world) == {}


async def test_over_the_plans_limit_no_model_is_asked(world: World) -> None:
    world.store.flow["alice", "turns 2026-11"] = FREE.flow.turns_per_month
    reply = await DRAFT.rest("POST", ROUTE, recorded(__file__, "draft_instructions"), token="alice")
    assert (reply.status, "retry-after" in reply.headers, world.model.prompts) == (429, True, [])


async def test_a_model_that_refuses_before_its_first_word_costs_no_tokens(world: World) -> None:
    speaking(world, error=ResourceExhaustedError("The provider is busy.", retry_after_seconds=3))
    reply = await DRAFT.rest("POST", ROUTE, recorded(__file__, "draft_instructions"), token="alice")
    assert (reply.status, spent(world)["tokens 2026-11"], world.store.reservations) == (429, 0, {})


async def test_a_model_that_breaks_off_is_an_error_and_costs_what_it_said(world: World) -> None:
    speaking(world, "You plan", error=UnavailableError("The stream broke."))
    reply = await DRAFT.rest("POST", ROUTE, recorded(__file__, "draft_instructions"), token="alice")
    assert reply.status == 503
    assert 0 < spent(world)["tokens 2026-11"] < 1000


@pytest.mark.parametrize(
    ("port", "moment", "status"), [(Usage, "reserve", 503), (Usage, "settle", 200), (Personas, "get", 503)], ids=str
)
async def test_a_store_that_fails_costs_no_draft_that_is_written(world: World, port: Any, moment: str, status: int) -> None:
    twin = MemoryUsage(world.store) if port is Usage else MemoryPersonas(world.store)
    failing = Raises({f"before {moment}": [UnavailableError("The store did not answer.")]})
    speaking(world, "You plan whale trips.")
    with bound({port: Interposed(twin, failing)}):
        wanted = recorded(__file__, "draft_instructions", persona_id="pirate" if port is Personas else "tutor")
        assert (await DRAFT.rest("POST", ROUTE, wanted, token="alice")).status == status


async def test_nobody_unknown_gets_a_draft() -> None:
    assert (await DRAFT.call({"description": "x"})).status == 401
