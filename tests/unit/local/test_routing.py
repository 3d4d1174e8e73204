"""The gateway hands each request to its function with the path that the function would see in the cloud."""

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from local.routing import Router
from shared.runtime.catalogue import Manifest


def _http(name, route):
    return Manifest.model_validate({"name": name, "trigger": {"http": {"route": route, "access": "public"}}, "account": "bots"})


_MANIFESTS = (
    _http("get_bot", "GET /api/v1/child-bots/{bot_id}"),
    _http("delete_bot", "DELETE /api/v1/child-bots/{bot_id}"),
    _http("draft_instructions", "POST /api/v1/child-bots/draft"),
    _http("list_bots", "GET /api/v1/child-bots"),
    Manifest.model_validate({"name": "chunk_document", "trigger": {"topic": "chunk-document"}, "account": "pipeline"}),
)


def _echo(name):
    async def app(scope, receive, send):
        request = Request(scope, receive)
        seen = {"name": name, "method": request.method, "path": scope["raw_path"].decode(), "root": scope["root_path"]}
        await JSONResponse(seen)(scope, receive, send)

    return app


@pytest.fixture
async def client():
    router = Router({manifest: _echo(manifest.name) for manifest in _MANIFESTS}, "demo-p/us-central1", token="secret")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(router), base_url="http://gateway") as opened:
        yield opened


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/v1/child-bots/b1", "get_bot"),
        ("DELETE", "/api/v1/child-bots/b1", "delete_bot"),
        ("GET", "/api/v1/child-bots", "list_bots"),
        ("POST", "/api/v1/child-bots/draft", "draft_instructions"),
    ],
)
async def test_a_rest_call_reaches_its_function_with_its_path_unchanged(client, method, path, name):
    assert (await client.request(method, path)).json() == {"name": name, "method": method, "path": path, "root": ""}


async def test_an_escaped_path_parameter_arrives_as_it_was_sent(client):
    assert (await client.get("/api/v1/child-bots/a%20b")).json()["path"] == "/api/v1/child-bots/a%20b"


async def test_a_known_path_with_another_method_is_405_and_names_the_allowed_ones(client):
    reply = await client.put("/api/v1/child-bots/b1")
    assert (reply.status_code, reply.headers["allow"]) == (405, "DELETE, GET")
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/child-bots/b1/more", "/demo-p/us-central1/nobody", "/elsewhere"])
async def test_an_unknown_path_is_404(client, path):
    reply = await client.get(path)
    assert (reply.status_code, reply.json()["title"]) == (404, "Not Found")


async def test_a_preflight_goes_to_the_function_that_it_prepares(client):
    asked = {"Access-Control-Request-Method": "DELETE", "Origin": "http://page"}
    reply = await client.options("/api/v1/child-bots/b1", headers=asked)
    assert (reply.json()["name"], reply.json()["method"]) == ("delete_bot", "OPTIONS")


@pytest.mark.parametrize(("rest", "path"), [("", "/"), ("/", "/"), ("/api/v1/child-bots", "/api/v1/child-bots")])
async def test_a_functions_own_url_is_its_root(client, rest, path):
    reply = await client.post(f"/demo-p/us-central1/list_bots{rest}")
    assert (reply.json()["name"], reply.json()["path"]) == ("list_bots", path)


async def test_a_stage_is_forbidden_at_its_own_url(client):
    assert (await client.post("/demo-p/us-central1/chunk_document")).status_code == 403


async def test_a_stage_answers_at_the_push_url_with_the_token(client):
    assert (await client.post("/_push/secret/chunk_document")).json()["path"] == "/"


@pytest.mark.parametrize("token", ["", "wrong", "secrets", "s%C3%A9cret"])
async def test_a_push_url_without_the_token_is_forbidden(client, token):
    assert (await client.post(f"/_push/{token}/chunk_document")).status_code == 403


async def test_a_callable_function_is_not_served_at_a_push_url(client):
    assert (await client.post("/_push/secret/list_bots")).status_code == 404
