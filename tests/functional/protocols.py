"""One call in either protocol: as a Firebase callable at the function's own URL, or as REST at its route."""

import importlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from shared.runtime import catalogue
from shared.runtime.catalogue import FUNCTIONS, HttpTrigger, Manifest
from shared.runtime.functions import EntryPoint
from tests.functional.harness import Reply, client_for


class Protocol(StrEnum):
    """How a function is spoken to."""

    CALLABLE = "callable"
    REST = "rest"


class Outcome(NamedTuple):
    """What a call came to, whichever way it was made; `result` is None for an error and for no content."""

    status: int
    code: str | None
    message: str | None
    result: Any


def called() -> list[Manifest]:
    """Every function that people call."""
    return [manifest for manifest in catalogue.read_all() if manifest.trigger.http]


def entry_of(name: str) -> EntryPoint:
    """The function's entry point, with its contract."""
    entry: EntryPoint = getattr(importlib.import_module(f"functions.{name}.main"), name)
    return entry


def example_of(name: str) -> dict[str, Any]:
    """The function's example: `request`, and `response` or `events`."""
    example: dict[str, Any] = json.loads((FUNCTIONS / name / "example.json").read_text("utf-8"))
    return example


async def speak(
    name: str, protocol: Protocol, fields: Mapping[str, Any], token: str | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """The whole reply to a call with these fields."""
    client = client_for(name)
    if protocol is Protocol.CALLABLE:
        return await client.call(fields, token=token, headers=headers)
    trigger = catalogue.read(name).trigger.http
    assert trigger
    url, body = rest_request(trigger, fields)
    return await client.rest(trigger.method, url, body, token=token, headers=headers)


def rest_request(trigger: HttpTrigger, fields: Mapping[str, Any]) -> tuple[str, Any]:
    """The URL and the body, None for none: fields that the route names go into the path, others into the query or the body."""
    path = trigger.path
    for name in trigger.path_parameters:
        path = path.replace(f"{{{name}}}", quote(str(fields.get(name, "")), safe=""))
    rest = {name: value for name, value in fields.items() if name not in trigger.path_parameters}
    if trigger.method in {"POST", "PUT"}:
        return path, rest
    query = urlencode({name: _as_text(value) for name, value in rest.items() if value is not None})
    return (f"{path}?{query}" if query else path), None


def outcome_of(reply: Reply) -> Outcome:
    """The reply without its protocol."""
    if reply.headers.get("content-type", "").startswith("text/event-stream"):
        last = reply.events[-1]
        return _outcome(reply.status, last.get("error"), last.get("result"))
    if not reply.content:
        return Outcome(reply.status, None, None, None)
    content = reply.json
    if reply.headers["content-type"] == "application/problem+json":
        return Outcome(reply.status, content["code"], content["detail"], None)
    if isinstance(content, dict) and content.keys() & {"result", "error"} == content.keys():
        return _outcome(reply.status, content.get("error"), content.get("result"))
    return Outcome(reply.status, None, None, content)


def _outcome(status: int, error: Any, result: Any) -> Outcome:
    return Outcome(status, error["status"], error["message"], None) if error else Outcome(status, None, None, result)


def _as_text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def caller_of(manifest: Manifest) -> str:
    """Whose token gets in: Alice's, or an administrator's where only they may call."""
    return "root" if manifest.trigger.http and manifest.trigger.http.access == "admin" else "alice"
