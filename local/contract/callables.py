"""The map from a function's name to its types, with which a page types `httpsCallable`; the types stand in `api.d.ts`."""

from collections.abc import Sequence

from local.contract import replies
from local.contract.functions import HttpEntry
from local.contract.requests import data_schema
from local.contract.schemas import Schema, Schemas

_HEAD = """\
// Written by `make contract` from the functions' signatures: what each takes, answers and, where it streams, tells on the way.
//
//   const createBot = httpsCallable<Request<"create_bot">, Result<"create_bot">>(functions, "create_bot");
//   const chat = httpsCallable<Request<"chat">, Result<"chat">, StreamEvent<"chat">>(functions, "chat");
import type { components } from "./api";

type Schemas = components["schemas"];

"""

_TAIL = """
export type FunctionName = keyof Callables;
export type Request<Name extends FunctionName> = Callables[Name]["request"];
export type Result<Name extends FunctionName> = Callables[Name]["result"];
export type StreamEvent<Name extends FunctionName> = Callables[Name]["event"];
/** The closed codes, under which a page keeps its sentences. */
export type ErrorCode = Schemas["ErrorCode"];
/** `details` of the SDK's error. */
export type ErrorDetails = Schemas["CallableError"]["details"];
"""


def as_typescript(entries: Sequence[HttpEntry], schemas: Schemas) -> str:
    """The file `callables.ts`."""
    members = "".join(_member(entry, schemas) for entry in entries)
    return f"{_HEAD}export interface Callables {{\n{members}}}\n{_TAIL}"


def _member(entry: HttpEntry, schemas: Schemas) -> str:
    result = _type(schemas.answer(entry.result)) if entry.result else "null"
    event = _type(replies.event(entry, schemas)) if entry.manifest.stream else "never"
    return f"  {entry.name}: {{ request: {_type(data_schema(entry, schemas))}; result: {result}; event: {event} }};\n"


def _type(reference: Schema) -> str:
    return f'Schemas["{reference["$ref"].rpartition("/")[2]}"]'
