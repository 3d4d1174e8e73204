"""Says at the end of a run what the suite has called."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.protocols import Protocol

_TOLD = pytest.StashKey[list[str]]()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keeps a line for the end of the run."""
    return request.config.stash.setdefault(_TOLD, []).append


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The counts of the cases that passed in this run, by the parts of their names."""
    passed = [
        report.nodeid
        for report in terminalreporter.stats.get("passed", [])
        if "test_isolation.py" in report.nodeid and "[" in report.nodeid
    ]
    cases = [nodeid.partition("[")[2].removesuffix("]").split("-") for nodeid in passed]
    told = terminalreporter.config.stash.get(_TOLD, [])
    if cases or told:
        terminalreporter.write_sep("=", "isolation")
    for line in told:
        terminalreporter.write_line(line)
    if not cases:
        return
    functions = {case[0] for case in cases}
    strangers = {case[1] for case, nodeid in zip(cases, passed, strict=True) if "who_may_not_call" in nodeid}
    fields = {(case[0], case[1]) for case, nodeid in zip(cases, passed, strict=True) if "anothers_id" in nodeid}
    terminalreporter.write_line(
        f"{len(functions)} functions, {len(strangers) + 1} callers, {len(fields)} id-shaped fields, {len(Protocol)} protocols:"
        f" {len(cases)} cases, in which nothing of another's was read, changed, counted or told to exist."
    )
