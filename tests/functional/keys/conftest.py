"""Every test here has a world of its own, and reads what the functions have logged, libraries included."""

import io
import logging
from collections.abc import Iterator

import pytest

from shared.core import log
from tests.functional.people import World


@pytest.fixture(autouse=True)
def world() -> Iterator[World]:
    with World().running() as world:
        yield world


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Every line of our log, and of every library's at its most talkative."""
    stream = io.StringIO()
    log.configure(stream, level=logging.DEBUG)
    root, handler = logging.getLogger(), logging.StreamHandler(stream)
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(before)
    root.removeHandler(handler)
    log.logger.handlers.clear()
