"""The public hostile files, read once; a test that needs them skips where they are absent."""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

HOSTILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "hostile"
needs_hostile_files = pytest.mark.skipif(
    not HOSTILE.exists(), reason="the public hostile files (../shared/data/hostile) are absent"
)


class Sample(NamedTuple):
    """One file and what its authors expect of a reader: `parse`, `reject` or either."""

    name: str
    content: bytes
    expected: str


@cache
def malformed_json() -> tuple[Sample, ...]:
    """JSON texts, right and wrong."""
    return tuple(
        Sample(row["file"], (HOSTILE / row["file"]).read_bytes(), row["expected"])
        for row in _rows()
        if row["kind"] == "malformed-json"
    )


@cache
def multipart_bodies() -> tuple[tuple[str, bytes], ...]:
    """Form uploads, right and wrong, each with its boundary."""
    files = sorted((HOSTILE / "multipart").glob("*.http"))
    boundaries = [
        path.with_suffix(".yaml").read_text("utf-8").split("\n", 1)[0].removeprefix("boundary:").strip() for path in files
    ]
    return tuple(zip(boundaries, (path.read_bytes() for path in files), strict=True))


@cache
def naughty_strings() -> tuple[str, ...]:
    """The Big List of Naughty Strings."""
    return tuple(json.loads((HOSTILE / "strings" / "blns.json").read_text("utf-8")))


def _rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HOSTILE / "manifest.jsonl").read_text("utf-8").splitlines()]
