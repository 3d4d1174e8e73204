"""Reads files in a child process, so that a parser which crashes, hangs or eats memory fails one file and not the instance."""

import asyncio
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from pydantic import ValidationError

from shared.core.log import logger
from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.answer import Answer, too_much_memory
from shared.ingest.extract import Opened, modules_of
from shared.ingest.extraction import Extraction, Picture
from shared.ingest.forks import Forks
from shared.ingest.kinds import Kind
from shared.ingest.limits import READ_MEMORY_BYTES, READ_SECONDS

READERS = Forks()
_MOST_ERROR_BYTES = 4096
# As Python, Rust and libxml2 (which has no word for it) say it.
_OUT_OF_MEMORY = ("MemoryError", "memory allocation of", "lxml.etree.XMLSyntaxError: unknown error")


@dataclass(frozen=True)
class Bounds:
    """What one child may take: wall clock, which also bounds its CPU time, and address space."""

    seconds: float = READ_SECONDS
    memory_bytes: int = READ_MEMORY_BYTES


async def open_contained(path: Path, content_type: str, bounds: Bounds | None = None) -> Opened:
    """`extract.opened` in a child. Raises RejectedFileError, of corrupt or too_slow when the child died or hung, and
    UnavailableError where no child could be had.
    """
    answer = await _ask("open", path, content_type, (), bounds or Bounds())
    if answer.opened is None:
        raise _broken()
    return answer.opened


async def extract_contained(path: Path, kind: Kind, shard: int, bounds: Bounds | None = None) -> Extraction:
    """`extract.extract` in a child. Raises as `open_contained`."""
    answer = await _ask("extract", path, kind.value, (shard,), bounds or Bounds())
    if answer.extraction is None:
        raise _broken()
    return answer.extraction


async def draw_contained(path: Path, kind: Kind, pages: Sequence[int], bounds: Bounds | None = None) -> tuple[Picture, ...]:
    """`extract.draw` in a child; the files lie beside the file. Raises as `open_contained`."""
    answer = await _ask("draw", path, kind.value, pages, bounds or Bounds())
    if answer.pictures is None:
        raise _broken()
    return answer.pictures


async def _ask(action: str, path: Path, kind: str, numbers: Sequence[int], bounds: Bounds) -> Answer:
    # Files rather than pipes: a child that writes more than a pipe holds would wait for a parent that waits for its end.
    with NamedTemporaryFile() as output, NamedTemporaryFile() as errors:
        limits = (str(bounds.memory_bytes), str(math.ceil(bounds.seconds)))
        arguments = (action, *limits, str(path), kind, *map(str, numbers))
        order = {"arguments": arguments, "modules": modules_of(kind), "output": output.name, "errors": errors.name}
        try:
            exit_code = await READERS.run(order, bounds.seconds)
        except TimeoutError as error:
            raise _too_slow(bounds.seconds) from error
        return await asyncio.to_thread(_read_answer, exit_code, output, errors)


def _read_answer(exit_code: int, output: IO[bytes], errors: IO[bytes]) -> Answer:
    if exit_code != 0:
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _MOST_ERROR_BYTES))
        # For us alone: a person cannot act on what a parser says as it dies.
        tail = errors.read().decode("utf-8", "replace")
        logger.warning("the reader of a file died", extra={"exit_code": exit_code, "stderr": tail})
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
