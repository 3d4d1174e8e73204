"""The guide to what can be learned tells every format, status and failure, and the limits as they are."""

import re

import pytest

from local.toolchain import ROOT
from shared.domain.document import DocumentStatus, FailureCode
from shared.ingest import limits
from shared.ingest.kinds import Kind, accepted_type

GUIDE = (ROOT / "docs" / "ingestion.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    section = GUIDE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `") or "| `" in line]


def test_every_format_is_told_with_names_that_are_taken_for_it():
    told = {kind: cells for cells in rows("Formats") for kind in re.findall(r"`([a-z]+/[^`]+)`", cells[1])}
    assert set(told) == {kind.value for kind in Kind}
    for kind, cells in told.items():
        assert kind in {accepted_type(f"file{name}", "") for name in re.findall(r"`(\.[a-z]+)`", cells[2])}


@pytest.mark.parametrize(("heading", "known"), [("What a status means", DocumentStatus), ("When it failed", FailureCode)])
def test_every_status_and_failure_is_told_once(heading, known):
    assert sorted(cells[0].strip("`") for cells in rows(heading)) == sorted(each.value for each in known)


def test_the_limits_are_what_the_code_says():
    told = {cells[0].strip("`"): float(cells[1].replace(",", "")) for cells in rows("Limits")}
    assert len(told) > 10
    assert told == {name: getattr(limits, name) for name in told}
