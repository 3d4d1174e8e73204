"""The whole document, OpenAPI 3.1, the same bytes for the same functions."""

import json
import re
import tomllib
from collections.abc import Sequence
from typing import Any

from local.contract import replies
from local.contract.functions import HttpEntry
from local.contract.operations import TAGS, operation
from local.contract.requests import PARAMETERS
from local.contract.schemas import Schema, Schemas
from shared.runtime.catalogue import FUNCTIONS

ROOT = FUNCTIONS.parent

_DESCRIPTION = """\
Every function is called in two ways that are one: as a Firebase callable at its own address (`x-callable`), and as REST at its
route. How both are spoken, and what they promise: docs/api.md. Written by `make contract`."""

_SERVERS = [
    {
        "url": "https://{gateway}",
        "description": "API Gateway.",
        "variables": {"gateway": {"default": "synapse.example", "description": "Terraform's output `rest_host`."}},
    },
    {"url": "http://127.0.0.1:5001", "description": "The local stack (`make up`)."},
]

_LICENCE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A Firebase ID token, or the session that `sign_in` answers.",
}


def document(entries: Sequence[HttpEntry], schemas: Schemas) -> Schema:
    """The document of these functions."""
    paths: dict[str, Schema] = {}
    for entry in entries:
        paths.setdefault(entry.trigger.path, {})[entry.trigger.method.lower()] = operation(entry, schemas)
    components = {
        "headers": replies.HEADERS,
        "parameters": PARAMETERS,
        "responses": replies.refusals(),
        "schemas": {**schemas.components, **replies.ERRORS},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Synapse OD", "version": _version(), "description": _DESCRIPTION, "license": _LICENCE},
        "servers": _SERVERS,
        "tags": TAGS,
        "paths": paths,
        "components": {**_used(paths, components), "securitySchemes": {"bearer": _BEARER}},
    }


def as_text(document: Schema) -> str:
    """The document as it is kept: sorted, so that a change shows as what it is."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _version() -> str:
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return version


def _used(paths: Schema, components: Schema) -> Schema:
    """The components that the paths lead to; a model that only served to derive another is left out."""
    used: Schema = {}
    waiting: list[Any] = [paths]
    while waiting:
        for kind, name in re.findall(r'"#/components/(\w+)/(\w+)"', json.dumps(waiting.pop())):
            if name not in used.setdefault(kind, {}):
                used[kind][name] = components[kind][name]
                waiting.append(used[kind][name])
    return used
