"""Running prompts: the product's tasks and own prompts, paid for once, kept at temperature 0, and nobody else's business."""

import asyncio
import json
from typing import Any

import pytest

from shared.core.errors import UnavailableError
from shared.domain.conversation import TokenUsage
from shared.domain.plan import FREE
from shared.domain.template import PromptTemplate, Variable, prompt_key
from shared.ports.models import ChatModels
from shared.ports.prompts import PromptRuns, Prompts
from shared.ports.usage import Usage
from shared.runtime.wiring import bound
from tests.contracts.records import NAUGHTY, saved_prompt
from tests.functional.harness import client_for
from tests.functional.people import NOW, World, recorded
from tests.memory.chat_models import MemoryChatModels, ScriptedChatModel
from tests.memory.interposed import Interposed, Raises
from tests.memory.prompts import MemoryPromptRuns, MemoryPrompts
from tests.memory.turns import MemoryUsage

RUN = client_for("run_prompt")
SAVE = client_for("save_prompt")
DELETE = client_for("delete_prompt")
TASKS = ["summarise", "answer", "rewrite", "extract"]
SAID = {
    "summarise": "Blue whales eat krill.",
    "answer": "Krill [[1|Blue whales eat krill]].",
    "rewrite": "Blauwale fressen Krill.",
    "extract": '{"animal": "blue whale", "food": "krill"}',
}

SYSTEMS = {"summarise": "You summarise", "answer": "from the passages", "rewrite": "You rewrite", "extract": "You read data"}


def asked(task: str, **changes: Any) -> Any:
    return recorded(__file__, task, **changes)


def with_variables(task: str, **changes: Any) -> Any:
    payload = asked(task)
    return payload | {"variables": payload["variables"] | changes}


def spent(world: World, uid: str = "alice") -> tuple[int, int]:
    """Turns and tokens of the month."""
    return world.store.flow[uid, "turns 2026-11"], world.store.flow[uid, "tokens 2026-11"]


@pytest.fixture(autouse=True)
def says(world: World) -> None:
    world.model.script = lambda prompt: [next((SAID[task] for task, words in SYSTEMS.items() if words in prompt.system), "Come!")]
    world.model.usage = TokenUsage(prompt_tokens=30, completion_tokens=5)


@pytest.mark.parametrize("task", TASKS)
async def test_each_task_answers_alike_over_both_protocols(world: World, task: str) -> None:
    called = (await RUN.call(asked(task), token="alice")).result
    rest = {name: value for name, value in asked(task).items() if name != "prompt_id"}
    reply = await RUN.rest("POST", f"/api/v1/prompts/{task}/run", rest, token="bob")
    assert reply.json == called
    assert (called["model"], called["version"], called["cached"], called["cut_short"]) == ("scripted", 1, False, False)
    assert called["usage"] == {"prompt_tokens": 30, "completion_tokens": 5}
    assert spent(world) == spent(world, "bob") == (1, 35)


async def test_the_answer_of_a_text_carries_its_checked_quote() -> None:
    result = (await RUN.call(asked("answer"), token="alice")).result
    quoted = {"number": 1, "quote": "Blue whales eat krill", "start": 0, "end": 21, "verified": True}
    assert (result["text"], result["found"], result["citations"]) == ("Krill [1].", True, [quoted])


async def test_an_extraction_answers_text_and_value() -> None:
    result = (await RUN.call(asked("extract"), token="alice")).result
    assert result["output"] == json.loads(result["text"]) == {"animal": "blue whale", "food": "krill"}


async def test_an_own_prompt_is_saved_run_and_run_in_an_older_version(world: World) -> None:
    await SAVE.call(recorded(__file__, "save_prompt"), token="alice")
    await SAVE.call(recorded(__file__, "save_prompt", text="Just invite {{guest}}."), token="alice")

    now = (await RUN.call(asked("run_invitation"), token="alice")).result
    before = (await RUN.call(asked("run_invitation", version=1), token="alice")).result

    assert (now["version"], before["version"], now["text"]) == (2, 1, "Come!")
    assert [prompt.user for prompt in world.model.prompts] == [
        "Just invite Bob.",
        "Invite Bob to the whale watching in a warm tone. Bring: a coat\nbinoculars.",
    ]
    assert world.model.prompts[0].system == "You write short invitations."
    assert world.model.settings[0].max_output_tokens == 256


@pytest.mark.parametrize("text", NAUGHTY)
async def test_odd_texts_go_through_a_template_byte_for_byte(world: World, text: str) -> None:
    template = PromptTemplate(name="Echo", text="<{{a}}>", variables=(Variable(name="a"),))
    world.store.prompts["alice", "echo"] = saved_prompt("alice", "echo", template=template)
    await RUN.call({"prompt_id": "echo", "variables": {"a": text}}, token="alice")
    assert world.model.prompts[0].user.encode() == f"<{text}>".encode()


async def test_an_identical_run_is_answered_again_and_costs_nothing(world: World) -> None:
    first = (await RUN.call(asked("rewrite"), token="alice")).result
    again = (await RUN.call(asked("rewrite"), token="alice")).result
    assert again == first | {"cached": True, "usage": {"prompt_tokens": 0, "completion_tokens": 0}}
    assert (len(world.model.prompts), spent(world)) == (1, (1, 35))


@pytest.mark.parametrize(
    "change",
    [
        {"variables": {"text": "Another text.", "tone": "plain", "language": "German"}},
        {"variables": {"text": "Blue whales eat krill, up to four tonnes a day.", "tone": "plain"}},
        {"model": "other"},
        {"generation": {"temperature": 0, "max_output_tokens": 99}},
    ],
)
async def test_a_run_that_differs_in_anything_is_not_the_same(world: World, change: dict[str, Any]) -> None:
    other = ScriptedChatModel(["Anders."], name="other")
    with bound({ChatModels: MemoryChatModels(world.model, other)}):
        await RUN.call(asked("rewrite"), token="alice")
        assert (await RUN.call(asked("rewrite", **change), token="alice")).result["cached"] is False
    assert len(world.model.prompts) + len(other.prompts) == 2


async def test_a_kept_answer_is_nobody_elses(world: World) -> None:
    await RUN.call(asked("rewrite"), token="alice")
    assert (await RUN.call(asked("rewrite"), token="bob")).result["cached"] is False
    assert spent(world, "bob") == (1, 35)


async def test_a_run_with_temperature_is_never_kept(world: World) -> None:
    warm = asked("rewrite", generation={"temperature": 0.1, "max_output_tokens": 100})
    for _ in "ab":
        assert (await RUN.call(warm, token="alice")).result["cached"] is False
    assert world.store.prompt_runs == {}


async def test_a_kept_answer_expires_after_seven_days(world: World) -> None:
    await RUN.call(asked("rewrite"), token="alice")
    [kept] = world.store.prompt_runs.values()
    assert (kept.expire_at - NOW).days == 7
    world.store.prompt_runs[kept.id] = kept.model_copy(update={"expire_at": NOW})
    assert (await RUN.call(asked("rewrite"), token="alice")).result["cached"] is False


@pytest.mark.parametrize("answer", ['{"text": "Kept by an older release."}', '{"text": 1, "new": 2}', "no JSON"])
async def test_an_answer_that_another_release_kept_in_another_shape_is_written_anew(world: World, answer: str) -> None:
    await RUN.call(asked("rewrite"), token="alice")
    [kept] = world.store.prompt_runs.values()
    world.store.prompt_runs[kept.id] = kept.model_copy(update={"answer": answer})
    reply = await RUN.call(asked("rewrite"), token="alice")
    assert (reply.status, reply.result["cached"]) == (200, False)


async def test_an_answer_too_long_for_a_document_is_given_and_not_kept(world: World) -> None:
    world.model.script = ["word " * 130_000]
    result = (await RUN.call(asked("rewrite"), token="alice")).result
    assert (len(result["text"]), world.store.prompt_runs) == (650_000, {})


async def test_a_prompt_that_was_deleted_and_written_anew_is_not_answered_from_before(world: World) -> None:
    await SAVE.call(recorded(__file__, "save_prompt"), token="alice")
    await RUN.call(asked("run_invitation"), token="alice")
    await DELETE.call({"prompt_id": "invitation"}, token="alice")
    assert world.store.prompt_runs == {}
    await SAVE.call(recorded(__file__, "save_prompt", text="No {{guest}}!"), token="alice")
    assert (await RUN.call(asked("run_invitation"), token="alice")).result["cached"] is False


async def test_the_same_key_runs_once_and_another_payload_is_an_error(world: World) -> None:
    warm = asked("summarise", generation={"temperature": 1}, idempotency_key="k")
    first, again = [(await RUN.call(warm, token="alice")).result for _ in "ab"]
    other = (await RUN.call(warm | {"prompt_id": "answer"}, token="alice")).error
    assert (first, len(world.model.prompts)) == (again, 1)
    assert (other["status"], other["details"]["field"]) == ("INVALID_ARGUMENT", "idempotency_key")


@pytest.mark.parametrize(
    ("payload", "status", "field"),
    [
        (asked("summarise", variables={}), "INVALID_ARGUMENT", "variables.text"),
        (with_variables("summarise", text=" "), "INVALID_ARGUMENT", "variables.text"),
        (with_variables("summarise", text="x" * 200_001), "INVALID_ARGUMENT", "variables.text"),
        (with_variables("summarise", style="poem"), "INVALID_ARGUMENT", "variables.style"),
        (with_variables("summarise", max_words=1), "INVALID_ARGUMENT", "variables.max_words"),
        (with_variables("summarise", max_words="20"), "INVALID_ARGUMENT", "variables.max_words"),
        (with_variables("summarise", colour="red"), "INVALID_ARGUMENT", "variables.colour"),
        (with_variables("answer", question=""), "INVALID_ARGUMENT", "variables.question"),
        (with_variables("rewrite", tone=None, language=None), "INVALID_ARGUMENT", "variables.instruction"),
        (with_variables("extract", schema={"pattern": "(a+)+"}), "INVALID_ARGUMENT", "variables.schema"),
        (with_variables("extract", schema="{}"), "INVALID_ARGUMENT", "variables.schema"),
        (asked("summarise", model="none"), "INVALID_ARGUMENT", "model"),
        (asked("summarise", generation={"temperature": 3}), "INVALID_ARGUMENT", "generation.temperature"),
        (asked("summarise", version=0), "INVALID_ARGUMENT", "version"),
        (asked("summarise", version=2), "NOT_FOUND", "prompt_id"),
        (asked("summarise", prompt_id="unknown"), "NOT_FOUND", "prompt_id"),
        (asked("summarise", prompt_id="a/b"), "INVALID_ARGUMENT", "prompt_id"),
        (asked("summarise", more=1), "INVALID_ARGUMENT", "more"),
    ],
)
async def test_what_is_wrong_is_named_and_costs_nothing(world: World, payload: Any, status: str, field: str) -> None:
    error = (await RUN.call(payload, token="alice")).error
    assert (error["status"], error["details"]["field"]) == (status, field)
    assert (spent(world), world.model.prompts, world.store.reservations) == ((0, 0), [], {})


async def test_anothers_prompt_reads_as_a_missing_one(world: World) -> None:
    world.store.prompts["alice", "greeting"] = world.store.prompt_versions["alice", "greeting", 1] = saved_prompt("alice")
    answers = [
        (reply.status, reply.error["status"], reply.error["message"], reply.error["details"]["field"])
        for known in ("greeting", "none", prompt_key("alice", "greeting"))
        for version in (None, 1)
        for reply in [await RUN.call({"prompt_id": known, "version": version, "variables": {"name": "x"}}, token="bob")]
    ]
    assert answers == [answers[0]] * 6
    assert answers[0][0] == 404


async def test_a_text_beyond_the_context_takes_the_calls_of_its_parts_and_reserves_them_all(world: World) -> None:
    seen: list[int] = []

    def say(_: Any) -> list[str]:
        seen.append(spent(world)[1])
        return ["Short."]

    text = "\n\n".join(f"Paragraph {number}. " + "It goes on and on. " * 30 for number in range(60))
    world.model.script = say
    result = (await RUN.call(with_variables("summarise", text=text), token="alice")).result
    calls = len(world.model.prompts)
    assert calls > 2
    assert result["usage"] == {"prompt_tokens": 30 * calls, "completion_tokens": 5 * calls}
    assert min(seen) > 35 * calls
    assert spent(world) == (1, 35 * calls)


async def test_the_plans_limit_of_turns_holds_under_fifty_calls_at_once(world: World) -> None:
    runs = (RUN.call(with_variables("rewrite", text=f"Text {number}."), token="alice") for number in range(50))
    statuses = [reply.status for reply in await asyncio.gather(*runs)]
    assert statuses.count(200) == len(world.model.prompts) == FREE.flow.turns_per_minute
    assert set(statuses) == {200, 429}


async def test_over_the_limit_of_tokens_no_model_is_asked(world: World) -> None:
    world.store.flow["alice", "tokens 2026-11"] = FREE.flow.tokens_per_month
    reply = await RUN.call(asked("rewrite"), token="alice")
    assert (reply.status, reply.error["status"], world.model.prompts) == (429, "RESOURCE_EXHAUSTED", [])
    assert int(reply.headers["retry-after"]) > 0


@pytest.mark.parametrize(("pieces", "tokens"), [([], 0), (["Blau"], 1)])
async def test_a_model_that_fails_costs_what_it_said_and_nothing_is_kept(world: World, pieces: list[str], tokens: int) -> None:
    world.model.script, world.model.error = pieces, UnavailableError("The model did not answer.")
    error = (await RUN.call(asked("rewrite"), token="alice")).error
    turns, used = spent(world)
    assert (error["status"], turns, used > 0, world.store.prompt_runs) == ("UNAVAILABLE", 1, bool(tokens), {})


async def test_an_answer_that_does_not_fit_twice_is_an_error_and_was_paid_for(world: World) -> None:
    world.model.script = ["I cannot."]
    error = (await RUN.call(asked("extract"), token="alice")).error
    assert (error["status"], error["details"]["field"]) == ("FAILED_PRECONDITION", "model")
    assert "did not fit" in error["message"]
    assert spent(world) == (1, 70)


@pytest.mark.parametrize(("task", "status"), [("summarise", 200), ("answer", 200), ("rewrite", 400), ("extract", 400)])
async def test_a_model_that_only_quotes_does_what_it_can(world: World, task: str, status: int) -> None:
    world.model.spec = world.model.spec.model_copy(update={"follows_instructions": False})
    reply = await RUN.call(asked(task), token="alice")
    assert reply.status == status
    if status == 200:
        assert reply.result["extracts"] is True
    else:
        assert (reply.error["status"], reply.error["details"]["field"]) == ("FAILED_PRECONDITION", "model")
        assert spent(world) == (0, 0)


@pytest.mark.parametrize(
    ("port", "memory", "moment"),
    [(Prompts, MemoryPrompts, "before get"), (Usage, MemoryUsage, "before reserve")],
)
async def test_a_store_that_fails_is_told_and_no_model_is_asked(world: World, port: Any, memory: Any, moment: str) -> None:
    world.store.prompts["alice", "greeting"] = saved_prompt("alice")
    failing = Interposed(memory(world.store), Raises({moment: [UnavailableError("The store did not answer.")]}))
    with bound({port: failing}):
        reply = await RUN.call({"prompt_id": "greeting", "variables": {"name": "Bob"}}, token="alice")
    assert (reply.status, reply.error["status"], world.model.prompts) == (503, "UNAVAILABLE", [])


@pytest.mark.parametrize(
    ("port", "memory", "moment"),
    [
        (PromptRuns, MemoryPromptRuns, "before get"),
        (PromptRuns, MemoryPromptRuns, "before keep"),
        (Usage, MemoryUsage, "before settle"),
    ],
)
async def test_a_saving_or_a_settlement_that_fails_does_not_take_the_answer(
    world: World, port: Any, memory: Any, moment: str
) -> None:
    failing = Interposed(memory(world.store), Raises({moment: [UnavailableError("The store did not answer.")]}))
    with bound({port: failing}):
        assert (await RUN.call(asked("rewrite"), token="alice")).result["text"] == SAID["rewrite"]


async def test_nobody_unknown_is_served() -> None:
    assert (await RUN.call(asked("summarise"))).status == 401
