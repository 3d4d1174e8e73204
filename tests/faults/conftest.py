"""The in-process fault tests read a fake format."""

import pytest

import functions.extract_document.main as extraction_stage
from tests.faults.learning import extract_fake, open_fake


@pytest.fixture(autouse=True)
def fake_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one patch: a child process for each of ten thousand extractions would take hours, and is tested elsewhere.

    Tests of the running stack have a process of their own, which this does not reach.
    """
    monkeypatch.setattr(extraction_stage, "open_contained", open_fake)
    monkeypatch.setattr(extraction_stage, "extract_contained", extract_fake)
