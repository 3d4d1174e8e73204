"""What a call can come to: its answer, and a refusal for each status that the layers or the names in its request can bring."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from local.contract.functions import HttpEntry
from local.contract.schemas import Schema, Schemas
from shared.core.errors import Code

_REFUSALS = {
    400: (
        "BadRequest",
        "The request is wrong (`INVALID_ARGUMENT`), or the thing is not in the state for it (`FAILED_PRECONDITION`).",
    ),
    401: ("Unauthenticated", "No token, a wrong one, or one from before a sign-out; or no App Check token where it is enforced."),
    403: ("Forbidden", "The account is suspended, or the call is an administrator's."),
    404: ("NotFound", "Something that the request names is absent, or another's: the two answer alike."),
    409: ("Conflict", "The id or name is taken (`ALREADY_EXISTS`), or another call was first (`ABORTED`): read, then try again."),
    412: ("PreconditionFailed", "The version named by If-Match is not the current one."),
    413: ("BodyTooLarge", "The body passes the function's limit."),
    415: ("UnsupportedMediaType", "The body is not JSON in UTF-8."),
    429: ("TooManyCalls", "Over a limit of the plan, of the network or of the model's provider."),
    500: ("Internal", "A defect on our side, to be reported with its correlation id."),
    503: ("Unavailable", "A store or model did not answer: try again."),
    504: ("TooSlow", "It took too long: try again."),
}
_COMES_BACK = frozenset({409, 429, 503})

HEADERS: Schema = {
    "CorrelationId": {"description": "Stands in every log line of the call.", "schema": {"type": "string"}},
    "ETag": {"description": "The version, quoted: what If-Match takes.", "schema": {"type": "string"}},
    "RetryAfter": {"description": "Seconds until the call may come again.", "schema": {"type": "integer", "minimum": 1}},
}

_DETAIL = {"description": "A sentence for a person, which names what is wrong and what is expected.", "type": "string"}
_FIELD = {"description": "The input at fault, where there is one.", "type": "string"}
_CORRELATION = {"description": "To be quoted when the error is reported.", "type": "string"}

ERRORS: Schema = {
    "ErrorCode": {
        "description": "The closed codes, those of google.rpc.Code.",
        "enum": [code.value for code in Code],
        "type": "string",
    },
    "Problem": {
        "description": "Problem details (RFC 9457) of a refused REST call.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "correlation_id"],
        "properties": {
            "type": {"const": "about:blank", "type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": _DETAIL,
            "code": {"$ref": "#/components/schemas/ErrorCode"},
            "correlation_id": _CORRELATION,
            "field": _FIELD,
        },
    },
    "CallableError": {
        "description": "What a refused callable, or a stream that failed, holds under `error`.",
        "type": "object",
        "required": ["status", "message", "details"],
        "properties": {
            "status": {"$ref": "#/components/schemas/ErrorCode"},
            "message": _DETAIL,
            "details": {
                "type": "object",
                "required": ["correlation_id"],
                "properties": {
                    "correlation_id": _CORRELATION,
                    "field": _FIELD,
                    "retry_after_seconds": {"type": "number"},
                },
            },
        },
    },
}


def refusals() -> Schema:
    """Every refusal as a component; those of streams tell their error as the one event, whatever the status."""
    return {
        name: refusal
        for status in _REFUSALS
        for name, refusal in ((_name(status), _refusal(status)), (_name(status, "Stream"), _refusal(status, streams=True)))
    }


def replies(entry: HttpEntry, schemas: Schemas) -> Schema:
    """The responses of a function's REST route, by status."""
    kind = "Stream" if entry.manifest.stream else ""
    refused = {str(status): {"$ref": f"#/components/responses/{_name(status, kind)}"} for status in statuses(entry)}
    return {**_success(entry, schemas), **refused}


def statuses(entry: HttpEntry) -> Iterator[int]:
    """The refusals that the layers before the use case, or what its request names, can bring."""
    may_be_limited = entry.trigger.access == "public" or entry.has_body or entry.manifest.needs == "ai"
    applies = {
        404: entry.names_things,
        409: entry.changes,
        412: entry.guards_a_version,
        413: entry.has_body,
        415: entry.has_body,
        429: may_be_limited,
    }
    yield from (status for status in _REFUSALS if applies.get(status, True))


def frame(entry: HttpEntry, schemas: Schemas) -> Schema:
    """What one `data:` line of a stream holds: an event, or last, once, the result or the error."""
    choices = [
        _member("message", event(entry, schemas)),
        _member("result", schemas.answer(entry.result) if entry.result else {"type": "null"}),
        _member("error", {"$ref": "#/components/schemas/CallableError"}),
    ]
    description = (
        "What one `data:` line holds: any number of messages, then one result or error. Lines that begin with `:` are heartbeats."
    )
    return schemas.add(f"{entry.title}Frame", {"description": description, "oneOf": choices})


def event(entry: HttpEntry, schemas: Schemas) -> Schema:
    """Any of a stream's events, told apart by `type`."""
    mapping = {str(model.model_fields["type"].default): schemas.answer(model)["$ref"] for model in entry.events}
    choices = [{"$ref": reference} for reference in mapping.values()]
    return schemas.add(f"{entry.title}Event", {"oneOf": choices, "discriminator": {"propertyName": "type", "mapping": mapping}})


def _member(name: str, schema: Schema) -> Schema:
    return {"type": "object", "required": [name], "properties": {name: schema}, "additionalProperties": False}


def _success(entry: HttpEntry, schemas: Schemas) -> Schema:
    headers = {"X-Correlation-Id": {"$ref": "#/components/headers/CorrelationId"}}
    if entry.manifest.conditional:
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    answered: Schema = {"description": entry.docstring.split("\n\n")[0], "headers": headers}
    if entry.result:
        answered["content"] = _content(entry, schemas, schemas.answer(entry.result))
    success = entry.trigger.success if entry.result else HTTPStatus.NO_CONTENT
    return {str(int(success)): answered}


def _content(entry: HttpEntry, schemas: Schemas, result: Schema) -> Schema:
    answer = entry.example.get("response")
    content: Schema = {"application/json": {"schema": result, "example": answer}}
    if entry.manifest.stream:
        frames = [*({"message": message} for message in entry.example["events"]), {"result": answer}]
        examples = {f"{number:02d}": {"value": value} for number, value in enumerate(frames, 1)}
        content["text/event-stream"] = {"schema": frame(entry, schemas), "examples": examples}
    return content


def _refusal(status: int, *, streams: bool = False) -> Schema:
    headers = {"X-Correlation-Id": {"$ref": "#/components/headers/CorrelationId"}}
    if status in _COMES_BACK:
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    content: dict[str, Any] = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if streams:
        content["text/event-stream"] = {"schema": _member("error", {"$ref": "#/components/schemas/CallableError"})}
    return {"description": _REFUSALS[status][1], "headers": headers, "content": content}


def _name(status: int, kind: str = "") -> str:
    return kind + _REFUSALS[status][0]
