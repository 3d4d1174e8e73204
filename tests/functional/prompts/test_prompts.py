"""Own prompts and personas: saved whole, versioned, guarded by ETag, listed beside the product's, and nobody else's business."""

from typing import Any

import pytest

from shared.core.errors import UnavailableError
from shared.domain.personas import PERSONAS
from shared.domain.plan import FREE, Stock
from shared.domain.task import BUILT_INS
from shared.ports.prompts import Personas, PromptRuns, Prompts
from shared.runtime.wiring import bound
from tests.functional.harness import Client, client_for
from tests.functional.people import World, recorded
from tests.memory.interposed import Interposed, Raises
from tests.memory.prompts import MemoryPersonas, MemoryPromptRuns, MemoryPrompts

SAVE = client_for("save_prompt")
GET = client_for("get_prompt")
LIST = client_for("list_prompts")
DELETE = client_for("delete_prompt")
SAVE_PERSONA = client_for("save_persona")
DELETE_PERSONA = client_for("delete_persona")
LIST_PERSONAS = client_for("list_personas")


def drafted(payload: str, /, **changes: Any) -> Any:
    return recorded(__file__, payload, **changes)


def body(payload: str, /, **changes: Any) -> Any:
    return {field: value for field, value in drafted(payload, **changes).items() if not field.endswith("_id")}


async def test_a_saved_prompt_is_shown_whole_and_again_by_version() -> None:
    first = (await SAVE.call(drafted("save_prompt"), token="alice")).result
    second = (await SAVE.call(drafted("save_prompt", name="Invitation card"), token="alice")).result

    assert {name: first[name] for name in body("save_prompt") if name != "variables"} == {
        name: value for name, value in body("save_prompt").items() if name != "variables"
    }
    assert [variable["name"] for variable in first["variables"]] == ["guest", "what", "tone", "things"]
    assert (first["id"], first["own"], first["version"], second["version"]) == ("invitation", True, 1, 2)
    for version, shown in ((None, second), (1, first), (2, second)):
        assert (await GET.call({"prompt_id": "invitation", "version": version}, token="alice")).result == shown


async def test_rest_saves_reads_and_guards_by_etag() -> None:
    url = "/api/v1/prompts/invitation"
    made = await SAVE.rest("PUT", url, body("save_prompt"), token="alice", headers={"if-match": '"0"'})
    read = await GET.rest("GET", url, token="alice")
    assert (made.status, made.headers["etag"], read.headers["etag"]) == (200, '"1"', '"1"')
    assert read.json == made.json

    changed = await SAVE.rest("PUT", url, body("save_prompt", name="Card"), token="alice", headers={"if-match": '"1"'})
    late = await SAVE.rest("PUT", url, body("save_prompt", name="Late"), token="alice", headers={"if-match": '"1"'})
    anew = await SAVE.rest("PUT", url, body("save_prompt", name="New"), token="alice", headers={"if-match": '"0"'})
    assert (changed.headers["etag"], late.status, anew.status) == ('"2"', 412, 412)
    assert (await GET.rest("GET", f"{url}?version=1", token="alice")).json == made.json


@pytest.mark.parametrize(("client", "payload"), [(SAVE, "save_prompt"), (SAVE_PERSONA, "save_persona")])
async def test_a_repeated_save_answers_alike_under_the_condition_that_it_has_overtaken(client: Client, payload: str) -> None:
    first = [await client.call(drafted(payload, if_match=0), token="alice") for _ in "ab"]
    changed = [await client.call(drafted(payload, name="Another", if_match=1), token="alice") for _ in "ab"]
    assert [reply.result["version"] for reply in first + changed] == [1, 1, 2, 2]


async def test_a_prompt_that_would_crowd_a_page_is_refused(world: World) -> None:
    variables = [{"name": f"v{number}", "default": "x" * 20_000} for number in range(11)]
    error = (await SAVE.call(drafted("save_prompt", text="Hello", variables=variables), token="alice")).error
    assert (error["status"], error["details"]["field"], world.store.prompts) == ("INVALID_ARGUMENT", "variables", {})
    assert (await SAVE.call(drafted("save_prompt", text="Hello", variables=variables[:9]), token="alice")).status == 200


async def test_equal_content_makes_no_new_version(world: World) -> None:
    answers = [(await SAVE.call(drafted("save_prompt"), token="alice")).result for _ in "abc"]
    personas = [(await SAVE_PERSONA.call(drafted("save_persona"), token="alice")).result for _ in "abc"]
    assert answers == [answers[0]] * 3
    assert personas == [personas[0]] * 3
    assert world.store.stock["alice"] == Stock(prompts=1, personas=1)


async def test_the_first_page_begins_with_the_products_and_own_ones_follow_by_page() -> None:
    for number in range(3):
        await SAVE.call(drafted("save_prompt", prompt_id=f"p{number}"), token="alice")
        await SAVE_PERSONA.call(drafted("save_persona", persona_id=f"p{number}"), token="alice")
    for client, path, products in ((LIST, "prompts", BUILT_INS), (LIST_PERSONAS, "chat/personas", PERSONAS)):
        first = (await client.rest("GET", f"/api/v1/{path}?page_size=2", token="alice")).json
        second = (await client.rest("GET", f"/api/v1/{path}?page_size=2&cursor={first['next_cursor']}", token="alice")).json
        assert [item["id"] for item in first["items"] if not item["own"]] == list(products)
        own = [item["id"] for page in (first, second) for item in page["items"] if item["own"]]
        assert (sorted(own), len(second["items"]), second["next_cursor"]) == (["p0", "p1", "p2"], 1, None)
        others = (await client.call({}, token="bob")).result["items"]
        assert [item["id"] for item in others] == list(products)


async def test_what_the_products_own_ones_tell_a_model_is_not_shown() -> None:
    prompts = (await LIST.call({}, token="bob")).result["items"]
    personas = (await LIST_PERSONAS.call({}, token="bob")).result["items"]
    assert {(item["text"], item["system"]) for item in prompts} == {(None, None)}
    assert {item["instructions"] for item in personas} == {None}
    assert (await GET.call({"prompt_id": "extract"}, token="bob")).result in prompts


async def test_an_own_persona_is_shown_with_its_instructions_and_guarded_by_etag() -> None:
    url = "/api/v1/chat/personas/captain"
    made = await SAVE_PERSONA.rest("PUT", url, body("save_persona"), token="alice")
    [shown] = [item for item in (await LIST_PERSONAS.call({}, token="alice")).result["items"] if item["own"]]
    assert shown == made.json
    assert {name: shown[name] for name in body("save_persona")} == body("save_persona")
    changed = await SAVE_PERSONA.rest(
        "PUT", url, body("save_persona", name="Admiral"), token="alice", headers={"if-match": '"1"'}
    )
    late = await SAVE_PERSONA.rest("PUT", url, body("save_persona", name="Late"), token="alice", headers={"if-match": '"1"'})
    assert (changed.json["name"], changed.headers["etag"], late.status) == ("Admiral", '"2"', 412)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": "Invite {{nobody}}."}, "nobody"),
        ({"text": ""}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"variables": [{"name": "guest"}, {"name": "guest"}]}, "twice"),
        ({"variables": [{"name": f"v{number}"} for number in range(31)]}, "variables"),
        ({"variables": [{"name": "guest", "type": "date"}]}, "variables.0.type"),
        ({"model": "gpt-none"}, "model"),
        ({"generation": {"temperature": 3}}, "generation.temperature"),
        ({"output_schema": {"type": "strin"}}, "output_schema"),
        ({"output_schema": {"$ref": "https://example.com/"}}, "output_schema"),
        ({"name": " "}, "name"),
        ({"prompt_id": "a b"}, "prompt_id"),
        ({"owner_id": "bob"}, "owner_id"),
    ],
)
async def test_a_wrong_prompt_is_refused_by_its_field_and_not_stored(world: World, change: dict[str, Any], field: str) -> None:
    error = (await SAVE.call(drafted("save_prompt", **change), token="alice")).error
    assert error["status"] == "INVALID_ARGUMENT"
    assert field in str(error)
    assert (world.store.prompts, world.store.stock["alice"]) == ({}, Stock())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"instructions": ""}, "instructions"),
        ({"instructions": "x" * 8001}, "instructions"),
        ({"name": ""}, "name"),
        ({"description": "x" * 2001}, "description"),
        ({"keywords": ["x"] * 21}, "keywords"),
        ({"persona_id": "../x"}, "persona_id"),
        ({"version": 3}, "version"),
    ],
)
async def test_a_wrong_persona_is_refused_by_its_field(world: World, change: dict[str, Any], field: str) -> None:
    error = (await SAVE_PERSONA.call(drafted("save_persona", **change), token="alice")).error
    assert (error["status"], field in str(error), world.store.personas) == ("INVALID_ARGUMENT", True, {})


async def test_ids_of_the_products_are_nobodys_to_take_or_to_delete() -> None:
    taken = await SAVE.call(drafted("save_prompt", prompt_id="summarise"), token="alice")
    persona = await SAVE_PERSONA.call(drafted("save_persona", persona_id="tutor"), token="alice")
    for reply, field in ((taken, "prompt_id"), (persona, "persona_id")):
        assert (reply.error["status"], reply.error["details"]["field"]) == ("ALREADY_EXISTS", field)
    prompt = await DELETE.call({"prompt_id": "summarise"}, token="alice")
    gone = (prompt, await DELETE_PERSONA.call({"persona_id": "tutor"}, token="alice"))
    assert [reply.status for reply in gone] == [404, 404]


@pytest.mark.parametrize(
    ("client", "name", "gone", "field"),
    [(SAVE, "save_prompt", DELETE, "prompt_id"), (SAVE_PERSONA, "save_persona", DELETE_PERSONA, "persona_id")],
)
async def test_the_plans_limits_hold_and_a_delete_makes_room(
    world: World, client: Client, name: str, gone: Client, field: str
) -> None:
    world.store.stock["alice"] = Stock(prompts=FREE.stock.prompts - 1, personas=FREE.stock.personas - 1)
    assert (await client.call(drafted(name), token="alice")).status == 200
    full = await client.call(drafted(name, **{field: "another"}), token="alice")
    assert (full.status, full.error["status"]) == (429, "RESOURCE_EXHAUSTED")
    # A change is no new thing, so it is possible at the limit.
    assert (await client.call(drafted(name, name="Changed"), token="alice")).result["version"] == 2
    assert (await gone.call({field: drafted(name)[field]}, token="alice")).status == 200
    assert (await client.call(drafted(name, **{field: "another"}), token="alice")).status == 200


async def test_a_deleted_thing_is_gone_and_is_missing_the_second_time(world: World) -> None:
    await SAVE.call(drafted("save_prompt"), token="alice")
    await SAVE.call(drafted("save_prompt", name="Card"), token="alice")
    await SAVE_PERSONA.call(drafted("save_persona"), token="alice")
    prompt = [await DELETE.rest("DELETE", "/api/v1/prompts/invitation", token="alice") for _ in "ab"]
    persona = [await DELETE_PERSONA.rest("DELETE", "/api/v1/chat/personas/captain", token="alice") for _ in "ab"]
    assert [reply.status for reply in prompt + persona] == [200, 404, 200, 404]
    assert (prompt[0].json, persona[0].json) == ({"prompt_id": "invitation"}, {"persona_id": "captain"})
    assert (world.store.prompts, world.store.prompt_versions, world.store.personas) == ({}, {}, {})
    assert world.store.stock["alice"] == Stock()


@pytest.mark.parametrize(
    ("client", "request_"),
    [
        (GET, {"prompt_id": "ID"}),
        (GET, {"prompt_id": "ID", "version": 1}),
        (DELETE, {"prompt_id": "ID"}),
        (DELETE_PERSONA, {"persona_id": "ID"}),
    ],
)
async def test_anothers_reads_as_a_missing_one(world: World, client: Client, request_: dict[str, Any]) -> None:
    await SAVE.call(drafted("save_prompt"), token="alice")
    await SAVE_PERSONA.call(drafted("save_persona", persona_id="invitation"), token="alice")
    answers = []
    for known in ("invitation", "none"):
        asked = {name: known if value == "ID" else value for name, value in request_.items()}
        error = (await client.call(asked, token="bob")).error
        answers.append((error["status"], error["message"], error["details"]["field"]))
    assert answers[0] == answers[1]
    assert answers[0][0] == "NOT_FOUND"
    assert (len(world.store.prompts), len(world.store.personas)) == (1, 1)


async def test_what_another_saves_under_the_same_id_is_another_thing() -> None:
    await SAVE.call(drafted("save_prompt"), token="alice")
    bobs = (await SAVE.call(drafted("save_prompt", name="Bob's"), token="bob")).result
    assert bobs["version"] == 1
    assert (await GET.call({"prompt_id": "invitation"}, token="alice")).result["name"] == "Invitation"


FAILURES: list[tuple[Any, Any, str, Client, Any]] = [
    (Prompts, MemoryPrompts, "before get", SAVE, drafted("save_prompt")),
    (Prompts, MemoryPrompts, "before save", SAVE, drafted("save_prompt")),
    (Prompts, MemoryPrompts, "before get", GET, {"prompt_id": "x"}),
    (Prompts, MemoryPrompts, "before list", LIST, {}),
    (Prompts, MemoryPrompts, "before delete", DELETE, {"prompt_id": "kept"}),
    (PromptRuns, MemoryPromptRuns, "before forget", DELETE, {"prompt_id": "kept"}),
    (Personas, MemoryPersonas, "before get", SAVE_PERSONA, drafted("save_persona")),
    (Personas, MemoryPersonas, "before save", SAVE_PERSONA, drafted("save_persona")),
    (Personas, MemoryPersonas, "before list", LIST_PERSONAS, {}),
    (Personas, MemoryPersonas, "before delete", DELETE_PERSONA, {"persona_id": "kept"}),
]


@pytest.mark.parametrize(("port", "memory", "moment", "client", "payload"), FAILURES)
async def test_a_store_that_fails_is_told_and_the_next_try_works(
    world: World, port: Any, memory: Any, moment: str, client: Client, payload: Any
) -> None:
    await SAVE.call(drafted("save_prompt", prompt_id="kept"), token="alice")
    await SAVE_PERSONA.call(drafted("save_persona", persona_id="kept"), token="alice")
    failing = Interposed(memory(world.store), Raises({moment: [UnavailableError("The store did not answer.")]}))
    with bound({port: failing}):
        reply = await client.call(payload, token="alice")
        assert (reply.status, reply.error["status"]) == (503, "UNAVAILABLE")
        again = await client.call(payload, token="alice")
    assert again.status == (404 if payload == {"prompt_id": "x"} else 200)


@pytest.mark.parametrize(
    "name", ["save_prompt", "get_prompt", "list_prompts", "delete_prompt", "save_persona", "delete_persona", "list_personas"]
)
async def test_nobody_unknown_is_served(name: str) -> None:
    assert (await client_for(name).call({})).status == 401
