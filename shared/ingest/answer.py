"""What the child process answers its parent: exactly one of the four."""

from shared.domain.base import Model
from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.extract import Opened
from shared.ingest.extraction import Extraction, Picture


class Rejection(Model):
    """A RejectedFileError on its way through JSON."""

    failure: FailureCode
    message: str


class Answer(Model):
    """One of an opened file, an extraction, pictures or a rejection."""

    opened: Opened | None = None
    extraction: Extraction | None = None
    pictures: tuple[Picture, ...] | None = None
    rejection: Rejection | None = None


def too_much_memory() -> RejectedFileError:
    """The refusal of a file that takes more memory to read than one may have; the child says it, or the parent of a dead one."""
    message = "Reading the file takes more memory than one file may have. Split it, or save it in a simpler form."
    return RejectedFileError(FailureCode.TOO_LARGE, message)
