"""Every function of the catalogue, from its zip, with the packages of its own requirement set."""

import json
import re

import pytest

from shared.runtime import catalogue
from tests.packaging.deployed import COMPILE, IMAGE_TIME, Deployed, unpack

MANIFESTS = catalogue.read_all()
HTTP = [manifest for manifest in MANIFESTS if manifest.trigger.http]
EVENTS = [manifest for manifest in MANIFESTS if not manifest.trigger.http]

pytestmark = pytest.mark.timeout(300)  # The first function of a requirement set waits for its environment to be made.


@pytest.fixture(scope="session")
def deployed(tmp_path_factory):
    """Each function, unpacked once."""
    made: dict[str, Deployed] = {}

    def of(manifest) -> Deployed:
        if manifest.name not in made:
            made[manifest.name] = unpack(manifest.name, manifest.needs, tmp_path_factory.mktemp(manifest.name))
        return made[manifest.name]

    return of


def names(manifest) -> str:
    return manifest.name


@pytest.mark.parametrize("manifest", HTTP, ids=names)
def test_a_callable_function_answers_by_both_its_names(manifest, deployed):
    path = re.sub(r"{\w+}", "some-id", manifest.trigger.http.path)
    with deployed(manifest).served() as client:
        called = client.post("/", json={"data": {}})
        routed = client.request(manifest.trigger.http.method, path)

    # What is public is let in, and then misses what it was not told.
    expected = {200, 400} if manifest.trigger.http.access == "public" else {401}
    assert {called.status_code, routed.status_code} <= expected, called.text + routed.text


@pytest.mark.parametrize("manifest", EVENTS, ids=names)
def test_an_event_function_takes_posts_alone_and_drops_what_is_malformed(manifest, deployed):
    with deployed(manifest).served() as client:
        assert client.get("/").status_code == 405
        # A schedule has no message that could be malformed, and running one needs the store.
        if not manifest.trigger.schedule:
            assert client.post("/", json={"message": "no object"}).status_code == 204


@pytest.mark.parametrize("manifest", MANIFESTS, ids=names)
def test_every_port_of_a_function_can_be_built_with_its_own_packages(manifest, deployed):
    done = deployed(manifest).probe()

    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), list)


def test_a_local_embedder_is_refused_in_a_deployed_set_in_a_sentence_that_helps(deployed):
    done = deployed(catalogue.read("search_knowledge")).probe(EMBEDDER="local-minilm")

    assert done.returncode == 1
    assert re.search(r"InternalError: The embedder local-minilm needs \w+: install .*, or name another in EMBEDDER", done.stderr)


@pytest.mark.parametrize(("variables", "stale"), [({"SOURCE_DATE_EPOCH": "315532800"}, False), ({}, True)], ids=["set", "unset"])
def test_the_builds_bytecode_outlives_the_images_times_when_dated_by_hash(variables, stale, tmp_path):
    function = unpack("health", "base", tmp_path)

    assert function.python(*COMPILE, **variables).returncode == 0
    function.redate(IMAGE_TIME)
    loaded = function.python("-B", "-v", "-c", "import shared.core.errors").stderr

    assert ("bytecode is stale for 'shared.core.errors'" in loaded) is stale
    assert bool(re.search(r"code object from '.*core/__pycache__/errors\.[\w-]+\.pyc'", loaded)) is not stale
