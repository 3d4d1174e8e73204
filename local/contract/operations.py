"""One function as an operation of the document: its route, and its callable beside it."""

from typing import Any

from local.contract.functions import ContractError, HttpEntry
from local.contract.replies import event, replies
from local.contract.requests import body, data_schema, parameters
from local.contract.schemas import Schema, Schemas

_ROOMS = {
    "auth": "account",
    "chat": "chat",
    "prompts": "chat",
    "child-bots": "bots",
    "shared-bots": "bots",
    "upload": "knowledge",
    "documents": "knowledge",
    "deletions": "knowledge",
    "admin": "ops",
    "health": "ops",
}
"""The room of a route, by the first part of its path."""
_OF_A_BOT = {"documents": "knowledge", "search": "knowledge"}
"""The rooms of what lies below a bot, by the last part."""

TAGS = [
    {"name": "account", "description": "Who calls: registering, signing in and out, the profile, keys and devices."},
    {"name": "bots", "description": "Bots, their versions, and who may talk to them."},
    {"name": "chat", "description": "Conversations, streams that are records, personas and prompts."},
    {"name": "knowledge", "description": "What a bot learns from, and how far it is."},
    {"name": "ops", "description": "Whether the backend answers, and what administrators put right."},
]


def operation(entry: HttpEntry, schemas: Schemas) -> Schema:
    """The operation at the function's method and path."""
    described: Schema = {
        "operationId": entry.name,
        "tags": [_room(entry)],
        "summary": entry.purpose.split("\n\n")[0],
        "description": f"{entry.purpose}\n\n{entry.docstring}",
        "security": [{"bearer": []}] if entry.trigger.access != "public" else [{}, {"bearer": []}],
        "parameters": parameters(entry, schemas),
        "responses": replies(entry, schemas),
        "x-callable": _callable(entry, schemas),
        "x-limits": _limits(entry),
    }
    if sent := body(entry, schemas):
        described["requestBody"] = sent
    if entry.manifest.stream:
        # Gateways collect a stream's events until it ends, so it is asked for at the function's own address.
        described["servers"] = [_own_server(entry)]
    return described


def own_url(entry: HttpEntry) -> str:
    """The function's own address, where the Firebase SDK calls it; its route lies below it too."""
    return f"https://{{region}}-{{project}}.cloudfunctions.net/{entry.name}"


def _own_server(entry: HttpEntry) -> Schema:
    variables = {"region": {"default": "us-central1"}, "project": {"default": "synapse-dev"}}
    description = "The function itself: API Gateway hands a stream's events on only when it has ended."
    return {"url": own_url(entry), "description": description, "variables": variables}


def _room(entry: HttpEntry) -> str:
    _, _, _, first, *below = entry.trigger.path.split("/")
    if first not in _ROOMS:
        raise ContractError(f"{entry.name}: say in local/contract/operations.py to which room {entry.trigger.path} belongs.")
    return _OF_A_BOT.get(below[-1], _ROOMS[first]) if first == "child-bots" and below else _ROOMS[first]


def _limits(entry: HttpEntry) -> Schema:
    limits: dict[str, Any] = {"timeout_seconds": entry.manifest.timeout_seconds}
    if entry.has_body:
        limits["max_body_bytes"] = entry.manifest.max_body_bytes
    if entry.trigger.access == "public":
        limits["calls_per_minute"] = entry.trigger.calls_per_minute
    if entry.trigger.calls_per_hour:
        limits["calls_per_hour"] = entry.trigger.calls_per_hour
    return limits


def _callable(entry: HttpEntry, schemas: Schemas) -> Schema:
    result = schemas.answer(entry.result) if entry.result else {"type": "null"}
    described: Schema = {"url": own_url(entry), "data": data_schema(entry, schemas), "result": result}
    if entry.manifest.stream:
        described["event"] = event(entry, schemas)
    # The request alone: the answer is the same as REST's, whose example stands above.
    return {**described, "example": {"data": entry.example["request"]}}
