"""JSON out of a model's text: found, checked against a bounded schema, asked for once more, and then refused."""

import json
import time
from typing import Any

import pytest

from shared.agent.extraction import Extraction, find_json
from shared.agent.schemas import check_schema, faults
from shared.agent.writing import Writer, message
from shared.core.errors import FailedPreconditionError, InvalidArgumentError
from shared.domain.bot import GenerationSettings
from shared.domain.prompt import Prompt
from tests.memory.chat_models import ScriptedChatModel

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}, "tags": {"$ref": "#/$defs/tags"}},
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3}},
}
PERSON = {"name": "Ada", "age": 36}


async def extract(*answers: str, schema: Any = None, sources: tuple[str, ...] = ()) -> tuple[Any, ScriptedChatModel]:
    said = iter(answers)
    model = ScriptedChatModel(lambda _: [next(said)])
    task = Extraction(message("Extract.", "Ada is 36."), schema or SCHEMA, sources)
    return await task.run(Writer(model, GenerationSettings(temperature=0))), model


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PERSON),
        f"\n {json.dumps(PERSON, indent=2)}\n",
        f"```json\n{json.dumps(PERSON)}\n```",
        f"Here it is:\n\n```\n{json.dumps(PERSON)}\n```\nAnything else?",
        f"Of {{course}}: {json.dumps(PERSON)} is what the text says.",
        f'```json\n{{"name": "Ada",}}\n```\nI mean ```json\n{json.dumps(PERSON)}\n```',
    ],
)
async def test_a_value_is_found_where_models_put_it(text: str) -> None:
    written, model = await extract(text)
    assert written.output == PERSON
    assert json.loads(written.text) == PERSON
    assert len(model.prompts) == 1


@pytest.mark.parametrize(
    "first", ["No idea.", '{"name": 1}', '{"age": 3}', '{"name": "Ada", "x": 1}', '{"name": "\\ud800"}', "[" * 99_999]
)
async def test_an_answer_that_does_not_fit_is_asked_for_once_more_with_what_was_wrong(first: str) -> None:
    written, model = await extract(first, json.dumps(PERSON))
    assert written.output == PERSON
    repair: Prompt = model.prompts[1]
    assert [said.text for said in repair.history] == ["Ada is 36.", first]
    assert repair.user.startswith("That answer cannot be used:\n- ")


async def test_the_model_is_told_the_place_of_the_fault() -> None:
    _, model = await extract('{"name": "Ada", "tags": ["a", 1]}', json.dumps(PERSON))
    assert "tags.1: 1 is not of type 'string'" in model.prompts[1].user


async def test_a_second_answer_that_does_not_fit_either_is_an_error_that_says_so() -> None:
    with pytest.raises(FailedPreconditionError, match="did not fit the schema") as refused:
        await extract("No.", '{"name": null}')
    assert refused.value.field == "model"
    assert "None is not of type 'string'" in refused.value.message


async def test_addresses_that_are_not_the_texts_do_not_come_through() -> None:
    said = {"name": "see https://example.com/a and ![x](https://evil.test/?q=1)", "tags": ["https://evil.test/b"]}
    written, _ = await extract(json.dumps(said), sources=("All is at https://example.com/a here.",))
    assert written.output == {"name": "see https://example.com/a and [x]", "tags": ["evil.test"]}


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ('"x"', "x"), ("null", None), ("[1e3, 9007199254740993, -0.5]", [1000.0, 9007199254740992.0, -0.5])],
)
def test_any_value_can_be_the_whole_answer_and_numbers_stay_within_what_json_readers_hold(text: str, value: Any) -> None:
    assert find_json(text) == value


@pytest.mark.parametrize("text", ["1e999", "[NaN]", "-Infinity", "1" * 5000, '"\\ud800"', ""])
def test_what_no_reader_holds_is_no_value(text: str) -> None:
    with pytest.raises(Exception) as refused:  # noqa: PT011  The class is the module's own.
        find_json(text)
    assert type(refused.value).__name__ == "_UnusableError"


@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        ({"type": "strin"}, "no JSON Schema: type"),
        ({"properties": {"a": {"minLength": -1}}}, "no JSON Schema: properties.a.minLength"),
        ({"required": "a"}, "no JSON Schema: required"),
        ({"type": "string", "pattern": "(a+)+$"}, "uses pattern"),
        ({"properties": {"a": {"patternProperties": {"a": True}}}}, "uses patternProperties"),
        ({"$ref": "https://example.com/schema"}, "\\$ref"),
        ({"$ref": "file:///etc/passwd"}, "\\$ref"),
        ({"$ref": "#/$defs/missing"}, "\\$ref"),
        ({"$ref": "#"}, "\\$ref"),
        ({"$id": "https://example.com/", "type": "object"}, "uses \\$id"),
        ({"$dynamicRef": "#x"}, "uses \\$dynamicRef"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}, "refers to itself"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, "refers to itself"),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}, "2020-12"),
        ({"description": "x" * 20_000}, "20000 characters"),
        ({"maximum": 10**400}, "beyond"),
        ({"enum": list(range(1000))}, "1000 parts"),
    ],
)
def test_a_schema_that_cannot_be_served_is_refused_by_its_field(schema: Any, wrong: str) -> None:
    with pytest.raises(InvalidArgumentError, match=wrong) as refused:
        check_schema(schema, "variables.schema")
    assert refused.value.field == "variables.schema"


def test_a_schema_nested_too_deep_or_growing_by_its_references_is_refused() -> None:
    deep: Any = {}
    for _ in range(40):
        deep = {"items": deep}
    bomb = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)} | {"d30": True}
    for schema in (deep, {"$defs": bomb, "$ref": "#/$defs/d0"}):
        with pytest.raises(InvalidArgumentError):
            check_schema(schema, "output_schema")


@pytest.mark.parametrize("schema", [SCHEMA, {}, {"type": ["string", "null"]}, {"properties": {"pattern": {"const": [[1]]}}}])
def test_what_people_write_is_served(schema: Any) -> None:
    check_schema(schema, "variables.schema")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"uniqueItems": True}, [number if number % 2 else str(number) for number in range(3000)]),
        ({"allOf": [{"uniqueItems": True}] * 20}, [{"a": number} for number in range(2500)]),
        ({"items": {"anyOf": [{"enum": list(range(90))}] * 10}}, ["x"] * 5000),
        ({"multipleOf": 1e-300}, 1e300),
        ({"multipleOf": 0.1}, 2**53),
    ],
)
def test_a_check_ends_soon_whatever_it_meets(schema: Any, value: Any) -> None:
    check_schema(schema, "variables.schema")
    began = time.perf_counter()
    assert isinstance(faults(schema, value), list)
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize(("last", "found"), [(199, 0), (198, 1)])
def test_a_list_of_usual_length_is_looked_through_for_what_stands_in_it_twice(last: int, found: int) -> None:
    value = [{"name": str(number), "page": number} for number in (*range(199), last)]
    schema = {"type": "array", "uniqueItems": True, "items": {"type": "object", "properties": {"name": {"type": "string"}}}}
    assert len(faults(schema, value)) == found
