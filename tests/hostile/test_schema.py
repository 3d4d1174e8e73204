"""schemathesis draws requests, right and wrong, from docs/openapi.json; every answer is one that the document promises."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local import mounts
from local.routing import Router
from local.toolchain import ROOT
from shared.runtime.catalogue import read_all
from tests.hostile.refusals import ANSWERED, SECONDS
from tests.hostile.served import served

EXAMPLES = 200 if os.environ.get("TEST_SIZE") == "full" else 20
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

BEFORE_US = {b"Invalid HTTP request received.", b"Not Found"}
"""What the server says of what is no HTTP, and functions-framework of a path with a line break, before a function is asked."""


def _at_one_address(document: Any) -> Any:
    """The document with every operation at the router that serves them all here; in the cloud streams have another address."""
    for path in document["paths"].values():
        path.pop("servers", None)
        for operation in path.values():
            if isinstance(operation, dict):
                operation.pop("servers", None)
    return document


schema = from_dict(_at_one_address(json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    functions = {manifest: mounts.load(manifest, ROOT / "build" / "mains") for manifest in read_all() if manifest.trigger.http}
    with served(Router(functions, "demo-synapse/us-central1", token="unused")) as url:
        yield url


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=SECONDS * 1000,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)
def test_every_answer_is_one_that_the_document_promises(case: schemathesis.Case, address: str) -> None:
    token = "root" if "/admin/" in case.operation.path else "alice"
    response = case.call(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS)
    if response.content in BEFORE_US:
        return
    case.validate_response(response, checks=CHECKS)
    assert b"Traceback" not in response.content
    ANSWERED["requests drawn from the OpenAPI document"] += 1
