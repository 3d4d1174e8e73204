"""Every function that people call is sent every malformed body, in both protocols."""

import pytest

from shared.runtime import catalogue
from shared.runtime.catalogue import Manifest
from tests.functional.harness import Client, client_for
from tests.functional.protocols import caller_of
from tests.hostile.material import malformed_json, multipart_bodies, needs_hostile_files
from tests.hostile.refusals import answered

pytestmark = needs_hostile_files

CALLED = [manifest for manifest in catalogue.read_all() if manifest.trigger.http]
NO_JSON = "not valid JSON"


def _route(manifest: Manifest) -> tuple[str, str]:
    assert manifest.trigger.http
    return manifest.trigger.http.method, manifest.trigger.http.path.replace("{", "").replace("}", "")


def _by_name(manifest: Manifest) -> str:
    return manifest.name


@pytest.fixture(params=CALLED, ids=_by_name)
def manifest(request: pytest.FixtureRequest) -> Manifest:
    return request.param


@pytest.fixture
def client(manifest: Manifest) -> Client:
    return client_for(manifest.name)


@pytest.fixture
def headers(manifest: Manifest) -> dict[str, str]:
    return {"content-type": "application/json", "authorization": f"Bearer {caller_of(manifest)}"}


async def test_a_malformed_callable_is_refused_as_such(client: Client, headers: dict[str, str]) -> None:
    for sample in malformed_json():
        bare = await answered(client, "POST", "/", headers, sample.content)
        wrapped = await answered(client, "POST", "/", headers, b'{"data":' + sample.content + b"}")
        assert bare.status == 400, sample.name
        if sample.expected == "reject":
            assert wrapped.status == 400, sample.name


async def test_a_malformed_rest_body_is_refused_as_such(client: Client, manifest: Manifest, headers: dict[str, str]) -> None:
    method, url = _route(manifest)
    for sample in malformed_json():
        reply = await answered(client, method, url, headers, sample.content)
        # An empty body stands for no fields, and a function may need none.
        if sample.expected == "reject" and sample.content:
            assert reply.status == 400, sample.name
        if sample.expected == "parse" and "duplicated_key" not in sample.name:
            assert NO_JSON not in reply.content.decode(), sample.name


async def test_a_form_upload_is_refused_by_its_type(client: Client, manifest: Manifest, headers: dict[str, str]) -> None:
    method, url = _route(manifest)
    for boundary, content in multipart_bodies():
        typed = headers | {"content-type": f"multipart/form-data; boundary={boundary}"}
        called = await answered(client, "POST", "/", typed, content)
        sent = await answered(client, method, url, typed, content)
        assert called.status == 415
        # GET and DELETE have no body at all, whatever its type; an empty one is none.
        assert sent.status in ({415} if method in {"POST", "PUT"} and content else {200, 204, 400, 404})


async def test_a_body_that_is_too_large_is_refused_unread(client: Client, manifest: Manifest, headers: dict[str, str]) -> None:
    announced = headers | {"content-length": str(manifest.max_body_bytes + 1)}
    assert (await answered(client, "POST", "/", announced, b"{}")).status == 413
    assert (await answered(client, "POST", "/", headers, b" " * (manifest.max_body_bytes + 1))).status == 413
