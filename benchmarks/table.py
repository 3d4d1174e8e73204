"""Figures as the benchmarks print and keep them: nearest-rank percentiles, one table, one JSON file a benchmark."""

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: the smallest value that at least so many percent do not exceed; NaN of no values."""
    if not values:
        return math.nan
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


def spread(values: Sequence[float], digits: int) -> str:
    """Median with the least and the most."""
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def print_table(rows: Sequence[Mapping[str, str]]) -> None:
    """Markdown, so that a page of docs/ can take it over; the first row's keys are the columns."""
    columns = list(rows[0])
    widths = [max(len(column), *(len(row[column]) for row in rows)) for column in columns]
    rule = {column: "-" * width for column, width in zip(columns, widths, strict=True)}
    for row in (dict(zip(columns, columns, strict=True)), rule, *rows):
        print("| " + " | ".join(row[column].ljust(width) for column, width in zip(columns, widths, strict=True)) + " |")


def keep(name: str, figures: Mapping[str, Any]) -> Path:
    """Writes benchmarks/results/{name}.json, with what kind of machine it was."""
    machine = {"python": platform.python_version(), "system": platform.system(), "cpus": os.cpu_count()}
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"machine": machine, **figures}, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path
