"""Every test here has a world of its own."""

from collections.abc import Iterator

import pytest

from tests.functional.people import World


@pytest.fixture(autouse=True)
def world() -> Iterator[World]:
    with World().running() as world:
        yield world
