"""Every test here has a world of its own."""

from collections.abc import Iterator
from io import StringIO

import pytest

from shared.core import log
from tests.functional.people import World


@pytest.fixture(autouse=True)
def world() -> Iterator[World]:
    with World().running() as world:
        yield world


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """What the functions log while the test runs."""
    stream = StringIO()
    log.configure(stream)
    yield stream
    log.logger.handlers.clear()
