"""What the child process answers its parent: exactly one of the three."""

from shared.domain.base import Model
from shared.domain.document import FailureCode
from shared.ingest.extract import Extraction, ExtractionPlan


class Rejection(Model):
    """A RejectedFileError on its way through JSON."""

    failure: FailureCode
    message: str


class Answer(Model):
    """One of a plan, an extraction or a rejection."""

    plan: ExtractionPlan | None = None
    extraction: Extraction | None = None
    rejection: Rejection | None = None
