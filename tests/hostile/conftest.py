"""Alice's world, in memory, for each hostile request; and at the end of a run how many there were."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.example_world import ExampleWorld
from tests.functional.protocols import Protocol, called
from tests.hostile.refusals import ANSWERED


@pytest.fixture(autouse=True)
def world() -> Iterator[ExampleWorld]:
    with ExampleWorld().running() as running:
        yield running


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The counts of this run."""
    if not ANSWERED:
        return
    terminalreporter.write_sep("=", "hostile requests")
    kinds = ", ".join(f"{count} {kind}" for kind, count in ANSWERED.items())
    terminalreporter.write_line(
        f"{len(called())} functions, {len(Protocol)} protocols: {kinds}; no 5xx, none hung, none told of our insides."
    )
