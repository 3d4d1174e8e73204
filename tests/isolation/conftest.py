"""Says at the end of a run what the suite has called."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.protocols import Protocol

_TOLD = pytest.StashKey[list[str]]()
_SUITES = {"test_isolation.py": "in memory", "test_on_the_emulators.py": "in Firestore"}

# Its asserts are the suites' own, and must say what they compared.
pytest.register_assert_rewrite("tests.isolation.checks")


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keeps a line for the end of the run."""
    return request.config.stash.setdefault(_TOLD, []).append


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was told, and the counts of the generated cases that passed in this run."""
    passed = [report.nodeid for report in terminalreporter.stats.get("passed", []) if "[" in report.nodeid]
    lines = terminalreporter.config.stash.get(_TOLD, [])
    for file, place in _SUITES.items():
        if cases := [nodeid for nodeid in passed if f"isolation/{file}::" in nodeid]:
            lines = [*lines, f"{place}: {_counts(cases)}"]
    if lines:
        terminalreporter.write_sep("=", "isolation")
    for line in lines:
        terminalreporter.write_line(line)


def _counts(nodeids: list[str]) -> str:
    """By the parts of the cases' names."""
    cases = [(test, parts.removesuffix("]").split("-")) for test, _, parts in (nodeid.partition("[") for nodeid in nodeids)]
    functions = {parts[0] for _, parts in cases}
    strangers = {parts[1] for test, parts in cases if "who_may_not_call" in test}
    fields = {(parts[0], parts[1]) for test, parts in cases if "anothers_id" in test}
    cursors = {parts[0] for test, parts in cases if "anothers_cursor" in test}
    return (
        f"{len(functions)} functions, {len(strangers) + 1} callers, {len(fields)} id-shaped fields, {len(cursors)} cursors,"
        f" {len(Protocol)} protocols: {len(cases)} cases, and nothing of another's was read, changed, counted or told to exist."
    )
