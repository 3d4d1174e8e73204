"""The child process in which a file is read: it takes its orders as arguments and answers one JSON object on stdout."""

import resource
import sys
from pathlib import Path

from shared.domain.document import RejectedFileError
from shared.ingest.answer import Answer, Rejection, too_much_memory
from shared.ingest.extract import draw, extract, opened
from shared.ingest.kinds import Kind
from shared.ingest.limits import MAX_OUTPUT_BYTES

_SPARE_BYTES = 4 * 1024 * 1024


def main(arguments: list[str]) -> int:
    """Limit this very process, then read; a refusal is an answer, anything unforeseen a non-zero exit for the parent to name."""
    action, memory_bytes, cpu_seconds, path, kind, *numbers = arguments
    _limit(int(memory_bytes), int(cpu_seconds))
    # Where no memory is left, saying so needs some.
    spare = [bytes(_SPARE_BYTES)]
    try:
        answer = _answer(action, Path(path), kind, [int(number) for number in numbers])
    except RejectedFileError as refusal:
        answer = _rejected(refusal)
    except (MemoryError, RecursionError, SystemError):
        # The interpreter raises SystemError where it could not even make a MemoryError.
        spare.clear()
        answer = _rejected(too_much_memory())
    sys.stdout.buffer.write(answer.model_dump_json().encode())
    return 0


def _rejected(refusal: RejectedFileError) -> Answer:
    return Answer(rejection=Rejection(failure=refusal.failure, message=refusal.message))


def _answer(action: str, path: Path, kind: str, numbers: list[int]) -> Answer:
    if action == "open":
        return Answer(opened=opened(path, kind))
    if action == "draw":
        return Answer(pictures=draw(path, Kind(kind), numbers))
    return Answer(extraction=extract(path, Kind(kind), numbers[0]))


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
    """The parent watches the clock; the processor's time ends a child whose parent died."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    # A dump of the memory would leave a person's file on the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT_BYTES, MAX_OUTPUT_BYTES))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
