"""docs/openapi.json is what the functions say now, valid, and what the gateway routes by."""

import re
from collections import defaultdict

import pytest
from openapi_spec_validator import validate
from starlette.responses import Response

from local.contract.__main__ import OPENAPI, stale, written
from local.contract.document import document
from local.contract.functions import read_functions
from local.contract.schemas import Schema, Schemas
from local.routing import RestRoutes
from shared.runtime import catalogue

METHODS = ("GET", "POST", "PUT", "DELETE")


@pytest.fixture(scope="module")
def contract() -> Schema:
    entries = read_functions()
    return document(entries, Schemas(entries))


def test_the_contract_is_current() -> None:
    assert stale(written()) == [], "run make contract"


def test_the_contract_is_the_same_each_time() -> None:
    assert written()[OPENAPI] == written()[OPENAPI]


def test_the_contract_is_valid(contract: Schema) -> None:
    validate(contract)


def routes_of(contract: Schema) -> set[tuple[str, str, str]]:
    """Method, path and function of every operation."""
    paths = contract["paths"]
    return {(method.upper(), path, one["operationId"]) for path in paths for method, one in paths[path].items()}


def test_the_contract_has_the_routes_of_the_manifests_and_no_others(contract: Schema) -> None:
    https = [(manifest.trigger.http, manifest.name) for manifest in catalogue.read_all() if manifest.trigger.http]
    assert routes_of(contract) == {(http.method, http.path, name) for http, name in https}


def test_the_gateway_routes_as_the_contract_says(contract: Schema) -> None:
    gateway = RestRoutes(catalogue.read_all())
    found = {(method, path, gateway.find(method, re.sub(r"{\w+}", "some-id", path))) for method, path, _ in routes_of(contract)}
    assert found == routes_of(contract)


def test_the_gateway_refuses_a_method_that_the_contract_does_not_have(contract: Schema) -> None:
    gateway, described = RestRoutes(catalogue.read_all()), {(method, path) for method, path, _ in routes_of(contract)}
    # A path without braces may be another's with them: `draft` could be a bot.
    templates = [path for path in contract["paths"] if "{" in path]
    absent = [(method, path) for path in templates for method in METHODS if (method, path) not in described]
    found = [gateway.find(method, re.sub(r"{\w+}", "some-id", path)) for method, path in absent]
    assert absent
    assert {one.status_code for one in found if isinstance(one, Response)} == {405}
    assert all(isinstance(one, Response) for one in found)


def test_routes_of_one_shape_name_their_parameters_alike(contract: Schema) -> None:
    """OpenAPI and API Gateway take `/bots/{id}` and `/bots/{bot_id}` for one path, and refuse the second."""
    shapes = defaultdict(set)
    for path in contract["paths"]:
        shapes[re.sub(r"{\w+}", "{}", path)].add(path)
    assert [paths for paths in shapes.values() if len(paths) > 1] == []
