"""Runs the fault campaign by seeds on the in-memory adapters, in two processes, and writes what was counted.

PYTHONPATH=. .venv/bin/python -m benchmarks.faults --runs 10000
"""

import argparse
import asyncio
import json
import logging
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import fields
from pathlib import Path

import pytest

import functions.extract_document.main as extraction_stage
from tests.faults.campaign import Tally, run
from tests.faults.learning import extract_fake, open_fake

RESULT = Path(__file__).parent / "results" / "faults.json"
SEEDS_A_TASK = 50


def campaign(first: int, runs: int) -> Tally:
    """The tally of so many seeds from the first on, in a process of its own."""
    logging.disable()

    async def every() -> Tally:
        tally = Tally()
        for seed in range(first, first + runs):
            await run(seed, tally)
        return tally

    # As in the tests: a child process for each of ten thousand extractions would take hours.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extraction_stage, "open_contained", open_fake)
        patch.setattr(extraction_stage, "extract_contained", extract_fake)
        return asyncio.run(every())


def main() -> None:
    """Count, show how far it is, and keep the sum after each part, so that an early end loses nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    total, done, began = Tally(), 0, time.monotonic()
    with ProcessPoolExecutor(asked.processes) as pool:
        starts = range(0, asked.runs, SEEDS_A_TASK)
        parts = {pool.submit(campaign, first, n): n for first in starts if (n := min(SEEDS_A_TASK, asked.runs - first))}
        for part in as_completed(parts):
            total, done = summed(total, part.result()), done + parts[part]
            told = {"runs": done, "seconds": round(time.monotonic() - began), **vars(total)}
            RESULT.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", "utf-8")
            sys.stdout.write(f"{done} of {asked.runs} runs, {total.documents} documents, {total.faults.total()} faults\n")
            sys.stdout.flush()


def summed(one: Tally, other: Tally) -> Tally:
    """Both together."""
    return Tally(**{each.name: getattr(one, each.name) + getattr(other, each.name) for each in fields(Tally)})


if __name__ == "__main__":
    main()
