"""The examples of the functions are run: what they ask is answered, over both protocols, as they and the contract say."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.runtime import catalogue
from tests.functional.example_world import ExampleWorld
from tests.functional.harness import Reply, client_for
from tests.functional.protocols import Protocol, called, example_of, outcome_of, rest_request, speak

NAMES = [manifest.name for manifest in called()]
STREAMS = [manifest.name for manifest in called() if manifest.stream]
JSON = "application/json"
EVENTS = "text/event-stream"


@pytest.fixture(autouse=True)
def world() -> Iterator[ExampleWorld]:
    with ExampleWorld().running() as world:
        yield world


def caller(name: str) -> str | None:
    """Alice, or an administrator where only they may; what is public is called without a token."""
    http = catalogue.read(name).trigger.http
    return {"public": None, "admin": "root"}.get(http.access if http else "", "alice")


def differences(answer: Any, example: Any, at: str = "") -> list[str]:
    """Where the two have other keys or other kinds of values; what may be null is left to the schema."""
    if answer is None or example is None:
        return []
    if isinstance(answer, dict) and isinstance(example, dict):
        lone = [f"{at}.{name} stands in one of the two" for name in sorted(answer.keys() ^ example.keys())]
        both = sorted(answer.keys() & example.keys())
        return lone + [line for name in both for line in differences(answer[name], example[name], f"{at}.{name}")]
    if isinstance(answer, list) and isinstance(example, list):
        if not answer or not example:
            # Items of one list differ in this among themselves.
            return [f"{at} is empty in one of the two"] if (answer or example) and "[]" not in at else []
        return [line for item in answer for line in differences(item, example[0], f"{at}[]")]
    return [] if kind_of(answer) == kind_of(example) else [f"{at}: {answer!r} is not of the kind of {example!r}"]


def kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


@pytest.mark.parametrize(
    ("answer", "example"),
    [({"a": 1}, {}), ({}, {"a": 1}), ({"a": 1}, {"a": "1"}), ([], [1]), ([{"a": 1}], [{"b": 1}]), ({"a": True}, {"a": 1})],
)
def test_the_comparison_sees_what_differs(answer: Any, example: Any) -> None:
    assert differences(answer, example)


def test_the_comparison_overlooks_values() -> None:
    assert differences({"a": 1.5, "b": ["x", "y"], "c": None}, {"a": 2, "b": ["z"], "c": "text"}) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_example_says_what_the_contract_says(name: str, contract: Any) -> None:
    example, operation = example_of(name), contract.operations[name]
    success = next(status for status in operation["responses"] if status.startswith("2"))
    assert contract.problems(operation["x-callable"]["data"], example["request"]) == []
    if body := operation.get("requestBody"):
        described = body["content"][JSON]
        assert contract.problems(described["schema"], described["example"]) == []
    if success != "204":
        assert contract.problems(operation["responses"][success]["content"][JSON]["schema"], example["response"]) == []


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("name", NAMES)
async def test_an_example_is_answered_as_it_says(name: str, protocol: Protocol, contract: Any) -> None:
    example, operation = example_of(name), contract.operations[name]
    reply = await speak(name, protocol, example["request"], token=caller(name))
    success = next(status for status in operation["responses"] if status.startswith("2"))
    assert reply.status == (200 if protocol is Protocol.CALLABLE else int(success)), reply.content
    result = outcome_of(reply).result
    assert differences(result, example["response"]) == []
    if success == "204":
        assert (result, example["response"]) == (None, None)
    else:
        assert contract.problems(operation["responses"][success]["content"][JSON]["schema"], result) == []


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("name", STREAMS)
async def test_the_events_of_an_example_are_told_as_it_says(name: str, protocol: Protocol, contract: Any) -> None:
    example = example_of(name)
    frames = (await speak(name, protocol, example["request"], token=caller(name), headers={"accept": EVENTS})).events
    schema = contract.operations[name]["responses"]["200"]["content"][EVENTS]["schema"]
    assert [problem for frame in frames for problem in contract.problems(schema, frame)] == []
    told = [frame["message"] for frame in frames[:-1]]
    shown = {event["type"]: event for event in example["events"]}
    assert {event["type"] for event in told} == set(shown)
    assert [line for event in told for line in differences(event, shown[event["type"]])] == []
    assert differences(frames[-1]["result"], example["response"]) == []


@pytest.mark.parametrize("name", [name for name in NAMES if catalogue.read(name).conditional])
async def test_a_version_is_answered_with_its_etag(name: str, contract: Any) -> None:
    reply = await speak(name, Protocol.REST, example_of(name)["request"], token=caller(name))
    assert reply.headers["etag"] == f'"{reply.json["version"]}"'
    assert "ETag" in contract.response(name, reply.status)["headers"]


CHOSEN = {"prompt_id", "persona_id", "key_id"}
"""Ids that people choose themselves: to save or to delete under one that is absent is no mistake."""


def _mistakes() -> Iterator[tuple[str, str]]:
    """Each function with each way to call it wrongly."""
    for manifest in called():
        trigger, request = manifest.trigger.http, example_of(manifest.name)["request"]
        yield manifest.name, "unknown field"
        if trigger and trigger.access != "public":
            yield manifest.name, "no token"
        if trigger and trigger.method in {"POST", "PUT"}:
            yield from ((manifest.name, "not JSON"), (manifest.name, "too much"))
        if trigger and ids_of(request) and not (trigger.method in {"PUT", "DELETE"} and set(trigger.path_parameters) & CHOSEN):
            yield manifest.name, "absent"


def ids_of(request: dict[str, Any]) -> list[str]:
    return [field for field in request if field.endswith("_id")]


REFUSED = {"unknown field": {400}, "no token": {401}, "not JSON": {415}, "too much": {413}, "absent": {400, 404}}


@pytest.mark.parametrize(("name", "mistake"), list(_mistakes()))
async def test_a_refusal_is_one_of_the_contracts(name: str, mistake: str, contract: Any) -> None:
    reply = await _mistaken(name, mistake)
    assert reply.status in REFUSED[mistake], reply.content
    described = contract.response(name, reply.status)
    assert contract.problems(described["content"]["application/problem+json"]["schema"], reply.json) == []


async def _mistaken(name: str, mistake: str) -> Reply:
    trigger, request = catalogue.read(name).trigger.http, example_of(name)["request"]
    assert trigger
    if mistake == "no token":
        return await speak(name, Protocol.REST, request)
    if mistake == "unknown field":
        return await speak(name, Protocol.REST, {**request, "surprise": "1"}, token=caller(name))
    if mistake == "absent":
        return await speak(name, Protocol.REST, {**request, **dict.fromkeys(ids_of(request), "absent")}, token=caller(name))
    url, _ = rest_request(trigger, request)
    token = caller(name)
    credentials = {"authorization": f"Bearer {token}"} if token else {}
    headers = {**credentials, "content-type": "text/plain" if mistake == "not JSON" else JSON}
    content = b"{}" if mistake == "not JSON" else b" " * (catalogue.read(name).max_body_bytes + 1)
    return await client_for(name).request(trigger.method, url, headers, content)
