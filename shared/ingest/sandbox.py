"""Reads files in a child process, so that a parser which crashes, hangs or eats memory fails one file and not the instance."""

import asyncio
import math
import os
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from pydantic import ValidationError

from shared.core.log import logger
from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.answer import Answer, too_much_memory
from shared.ingest.extract import ExtractionPlan
from shared.ingest.extraction import Extraction, Picture
from shared.ingest.kinds import Kind
from shared.ingest.limits import READ_MEMORY_BYTES, READ_SECONDS

_ROOT = Path(__file__).resolve().parents[2]
_MOST_ERROR_BYTES = 4096
# As Python and Rust say it.
_OUT_OF_MEMORY = ("MemoryError", "memory allocation of")


@dataclass(frozen=True)
class Bounds:
    """What one child may take: wall clock, which also bounds its CPU time, and address space."""

    seconds: float = READ_SECONDS
    memory_bytes: int = READ_MEMORY_BYTES


async def plan_contained(path: Path, content_type: str, bounds: Bounds | None = None) -> ExtractionPlan:
    """`extract.plan` in a child. Raises RejectedFileError, of corrupt or too_slow when the child died or hung."""
    answer = await _ask("plan", path, content_type, (), bounds or Bounds())
    if answer.plan is None:
        raise _broken()
    return answer.plan


async def extract_contained(path: Path, kind: Kind, shard: int, bounds: Bounds | None = None) -> Extraction:
    """`extract.extract` in a child. Raises as `plan_contained`."""
    answer = await _ask("extract", path, kind.value, (shard,), bounds or Bounds())
    if answer.extraction is None:
        raise _broken()
    return answer.extraction


async def draw_contained(path: Path, kind: Kind, pages: Sequence[int], bounds: Bounds | None = None) -> tuple[Picture, ...]:
    """`extract.draw` in a child; the files lie beside the file. Raises as `plan_contained`."""
    answer = await _ask("draw", path, kind.value, pages, bounds or Bounds())
    if answer.pictures is None:
        raise _broken()
    return answer.pictures


async def _ask(action: str, path: Path, kind: str, numbers: Sequence[int], bounds: Bounds) -> Answer:
    # Files rather than pipes: a child that writes more than a pipe holds would wait for a parent that waits for its end.
    with TemporaryFile() as output, TemporaryFile() as errors:
        arguments = (action, str(bounds.memory_bytes), str(math.ceil(bounds.seconds)), str(path), kind, *map(str, numbers))
        process = await create_subprocess_exec(
            *(sys.executable, "-m", "shared.ingest.worker", *arguments),
            stdin=DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=_ROOT,
            env=_environment(),
        )
        await _finish(process, bounds.seconds)
        return _read_answer(process, output, errors)


def _environment() -> dict[str, str]:
    """The parent's import path and nothing else of its environment: what reads hostile files holds no secrets."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"}


async def _finish(process: Process, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError as error:
        raise _too_slow(seconds) from error
    finally:
        if process.returncode is None:
            # Also where our own task was cancelled: a reader that nobody waits for would keep its memory.
            process.kill()
            await process.wait()


def _read_answer(process: Process, output: IO[bytes], errors: IO[bytes]) -> Answer:
    if process.returncode != 0:
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _MOST_ERROR_BYTES))
        # For us alone: a person cannot act on what a parser says as it dies.
        tail = errors.read().decode("utf-8", "replace")
        logger.warning("the reader of a file died", extra={"exit_code": process.returncode, "stderr": tail})
        # An interpreter without memory often cannot even raise: it names the error and aborts.
        raise too_much_memory() if any(word in tail for word in _OUT_OF_MEMORY) else _broken()
    output.seek(0)
    try:
        answer = Answer.model_validate_json(output.read())
    except ValidationError as error:
        raise _broken() from error
    if answer.rejection is not None:
        raise RejectedFileError(answer.rejection.failure, answer.rejection.message)
    return answer


def _broken() -> RejectedFileError:
    message = "The file broke the program that reads it; it is probably damaged. Save it anew, and upload the new file."
    return RejectedFileError(FailureCode.CORRUPT, message)


def _too_slow(seconds: float) -> RejectedFileError:
    message = f"A part of the file took longer than {seconds:.0f} s to read. Split it, or save it in a simpler form."
    return RejectedFileError(FailureCode.TOO_SLOW, message)
