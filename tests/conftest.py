"""What every test gets: no network beyond loopback, and real emulators for those that ask."""

from collections.abc import Iterator, Mapping

import pytest

from local.emulators import running
from shared.core.ids import new_id
from shared.core.settings import settings
from tests import network_guard

network_guard.install()


@pytest.fixture(scope="session")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The environment of one set of real emulators for the session, started by the first test that asks.

    State is shared by all tests of the session: each test makes ids of its own, or asks for `fresh_project`.
    """
    with running(tmp_path_factory.mktemp("emulators")) as started, pytest.MonkeyPatch.context() as patch:
        for name, value in started.environment.items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield started.environment
    settings.cache_clear()


@pytest.fixture
def fresh_project(emulators: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A project id that no other test uses: Firestore, Auth and Pub/Sub keep projects apart, so it starts empty."""
    project = f"demo-{new_id()}"
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", project)
    settings.cache_clear()
    yield project
    settings.cache_clear()
