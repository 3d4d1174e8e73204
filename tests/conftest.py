"""What every test gets: no network beyond loopback, and the real servers for those that ask."""

from collections.abc import Iterator, Mapping

import pytest

from local.stack import Stack, emulated
from shared.core.ids import new_id
from shared.core.settings import settings
from tests import network_guard
from tests.wire.endless import endless_model

network_guard.install()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The session's one set of servers, not ready yet, the gateway not started; ask for `emulators` or `stack`."""
    with emulated(tmp_path_factory.mktemp("stack")) as prepared:
        yield prepared


@pytest.fixture(scope="session")
def emulators(servers: Stack) -> Iterator[Mapping[str, str]]:
    """The environment of real emulators on free ports, started by the first test that asks, and set for the session.

    State is shared by all tests of the session: each test makes ids of its own, or asks for `fresh_project`.
    """
    servers.wait_until_ready()
    environment = servers.emulators.environment
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield environment
    settings.cache_clear()


@pytest.fixture(scope="session")
def stack(servers: Stack, emulators: Mapping[str, str]) -> Iterator[Stack]:
    """The whole running stack: the emulators of the session and a gateway with every function.

    Leases end and schedules run within seconds, people's own providers may be servers of a test, and the openai-compatible model
    begins an answer that it never ends.
    """
    with endless_model() as url:
        quick = {"STEP_LEASE_SECONDS": "3", "LOCAL_SCHEDULE_SECONDS": "1", "ALLOW_PRIVATE_PROVIDERS": "true"}
        servers.settings = {**quick, "OPENAI_BASE_URL": url, "OPENAI_MODEL": "endless", "OPENAI_API_KEY": "local"}
        servers.start_gateway()
        yield servers


@pytest.fixture
def fresh_project(emulators: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A project id that no other test uses: Firestore, Auth and Pub/Sub keep projects apart, so it starts empty."""
    project = f"demo-{new_id()}"
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", project)
    settings.cache_clear()
    yield project
    settings.cache_clear()
