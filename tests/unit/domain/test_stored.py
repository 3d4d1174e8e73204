"""Documents as an earlier release stored them, one of each record: whatever changes, they must still be read, and read whole."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from shared.domain.base import Record

STORED = Path(__file__).parent / "stored"
DOMAIN = Path(__file__).resolve().parents[3] / "shared" / "domain"


def _records() -> dict[str, type[Record]]:
    for path in sorted(DOMAIN.glob("*.py")):
        importlib.import_module(f"shared.domain.{path.stem}")
    return {record.__name__: record for record in Record.__subclasses__()}


RECORDS = _records()


def _example(name: str) -> Any:
    return json.loads((STORED / f"{name}.json").read_text("utf-8"))


def test_every_record_has_its_example() -> None:
    assert {path.stem for path in STORED.iterdir()} == set(RECORDS)


@pytest.mark.parametrize("name", RECORDS)
def test_a_document_of_the_first_release_loses_nothing(name: str) -> None:
    read = RECORDS[name].stored(_example(name)).model_dump(mode="json")
    assert _kept(_example(name), read) == _example(name)


@pytest.mark.parametrize("name", RECORDS)
def test_what_the_next_release_adds_is_passed_over(name: str) -> None:
    example = _example(name)
    assert RECORDS[name].stored(_with_news(example)) == RECORDS[name].stored(example)


def _kept(example: Any, read: Any) -> Any:
    """Of what was read, what the example holds too: fields that were added since have their defaults."""
    if isinstance(example, dict) and isinstance(read, dict):
        return {name: _kept(value, read.get(name)) for name, value in example.items()}
    if isinstance(example, list) and isinstance(read, list) and len(example) == len(read):
        return [_kept(one, other) for one, other in zip(example, read, strict=True)]
    return read


def _with_news(value: Any) -> Any:
    """A field more in every nested record; in a free mapping, whose keys are data, it would be data too."""
    if isinstance(value, list):
        return [_with_news(item) for item in value]
    if not isinstance(value, dict):
        return value
    free = {"attributes", "output", "answer", "progress", "output_schema"}
    return {name: item if name in free else _with_news(item) for name, item in value.items()} | {"of_the_next_release": 1}
