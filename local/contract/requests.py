"""How a function's request is sent: fields split as the runtime reads them at its route, and whole in the callable."""

from local.contract.functions import ContractError, HttpEntry
from local.contract.schemas import Schema, Schemas
from shared.runtime.idempotency import MAX_KEY_CHARACTERS

PARAMETERS: Schema = {
    "AppCheck": {
        "name": "X-Firebase-AppCheck",
        "in": "header",
        "description": "The App Check token of a Firebase app; required where the environment enforces App Check.",
        "schema": {"type": "string"},
    },
    "CorrelationId": {
        "name": "X-Correlation-Id",
        "in": "header",
        "description": "An id of the caller's own for the call; another one is made where it is malformed.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A call repeated under its key gets the first answer, for a day; another request under it is refused.",
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARACTERS},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag that was read: the change is refused with 412 where it is no longer the current one.",
        "schema": {"type": "string"},
        "example": '"3"',
    },
}

_KEY: Schema = {
    "description": "The callable's form of the Idempotency-Key header.",
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_KEY_CHARACTERS,
}
_VERSION: Schema = {
    "description": "The callable's form of the If-Match header: the version that was read.",
    "type": "integer",
    "minimum": 0,
}


def parameters(entry: HttpEntry, schemas: Schemas) -> list[Schema]:
    """What stands in the path, the query and the headers."""
    manifest = entry.manifest
    headers = {
        "AppCheck": entry.trigger.app_check,
        "CorrelationId": True,
        "IdempotencyKey": manifest.idempotent,
        "IfMatch": entry.guards_a_version,
    }
    fields = [_parameter(entry, name, schemas) for name in _parameter_names(entry, schemas)]
    return fields + [{"$ref": f"#/components/parameters/{name}"} for name, sent in headers.items() if sent]


def _parameter_names(entry: HttpEntry, schemas: Schemas) -> list[str]:
    in_path = list(entry.trigger.path_parameters)
    others = [name for name in _whole(entry, schemas).get("properties", {}) if name not in in_path]
    return in_path if entry.has_body else in_path + others


def _parameter(entry: HttpEntry, name: str, schemas: Schemas) -> Schema:
    whole = _whole(entry, schemas)
    in_path = name in entry.trigger.path_parameters
    schema = _without_null(whole["properties"][name])
    if schemas.resolved(schema).get("type") in {"array", "object", None} and "enum" not in schemas.resolved(schema):
        raise ContractError(f"{entry.name}: {name} is no plain value, so no path and no query can hold it.")
    parameter: Schema = {
        "name": name,
        "in": "path" if in_path else "query",
        "required": in_path or name in whole.get("required", []),
        "schema": schema,
    }
    if name in entry.example["request"]:
        parameter["example"] = entry.example["request"][name]
    return parameter


def body(entry: HttpEntry, schemas: Schemas) -> Schema | None:
    """The fields that a POST or PUT takes as JSON; None where all stand in the path."""
    whole, in_path = _whole(entry, schemas), entry.trigger.path_parameters
    properties = {name: schema for name, schema in whole.get("properties", {}).items() if name not in in_path}
    if not entry.has_body or not properties:
        return None
    required = [name for name in whole.get("required", []) if name not in in_path]
    reference = schemas.request(entry.request)
    if in_path:
        reference = schemas.add(f"{entry.title}Body", {**whole, "properties": properties, "required": required})
    example = {name: value for name, value in entry.example["request"].items() if name not in in_path}
    content = {"application/json": {"schema": reference, "example": example}}
    return {"required": bool(required), "content": content}


def data_schema(entry: HttpEntry, schemas: Schemas) -> Schema:
    """What `data` of the callable holds: the whole request, with what REST says in headers."""
    added: Schema = {}
    if entry.manifest.idempotent:
        added["idempotency_key"] = _KEY
    if entry.guards_a_version:
        added["if_match"] = _VERSION
    reference = schemas.request(entry.request)
    if not added:
        return reference
    whole = schemas.resolved(reference)
    return schemas.add(f"{entry.title}Data", {**whole, "properties": {**whole.get("properties", {}), **added}})


def _whole(entry: HttpEntry, schemas: Schemas) -> Schema:
    return schemas.resolved(schemas.request(entry.request))


def _without_null(schema: Schema) -> Schema:
    """A parameter that is left out is null, and no text says so."""
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) != 1:
        return schema
    kept = {key: value for key, value in schema.items() if key != "anyOf" and not (key == "default" and value is None)}
    return {**kept, **choices[0]}
