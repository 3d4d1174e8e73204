"""Looks at each document that stopped moving or whose time has come, and drives it; nothing waits for ever."""

from collections import Counter
from enum import StrEnum

from shared.core.errors import ConflictError
from shared.core.log import joined, logger
from shared.domain import ending
from shared.domain import pipeline as rules
from shared.domain.base import Model
from shared.domain.document import DocumentStatus
from shared.ports.blobs import Blobs
from shared.ports.contents import Contents
from shared.runtime.boundary import attempt
from shared.runtime.functions import schedule_function
from shared.services.pipeline import Pipeline
from shared.services.uploads import forget_object, watch_upload

MOST_DOCUMENTS = 200
"""What one run looks at, longest due first; the next minute goes on."""


class Look(StrEnum):
    """What became of one look."""

    DRIVEN = "driven"
    MOVING = "moving"
    UNREACHABLE = "unreachable"


class Sweep(Model):
    """How many documents were driven, moved by themselves, or could not be looked at this time."""

    driven: int = 0
    moving: int = 0
    unreachable: int = 0


@schedule_function
async def sweep_stalled_documents(*, pipeline: Pipeline, contents: Contents, blobs: Blobs) -> Sweep:
    """One document's trouble does not keep the sweep from the others."""
    due = await pipeline.documents.due(pipeline.clock(), MOST_DOCUMENTS)
    looks = Counter([await _look(pipeline, contents, blobs, document.id) for document in due])
    return Sweep(**{look.value: count for look, count in looks.items()})


async def _look(pipeline: Pipeline, contents: Contents, blobs: Blobs, document_id: str) -> Look:
    # Of an unknown error too: a document that breaks our code must not keep it from all that stand behind.
    look = await attempt(_driven(pipeline, contents, blobs, document_id))
    if isinstance(look, Look):
        return look
    logger.warning("could not drive a document", extra={"document_id": document_id, "code": look.code.value})
    return Look.UNREACHABLE


async def _driven(pipeline: Pipeline, contents: Contents, blobs: Blobs, document_id: str) -> Look:
    try:
        await _drive(pipeline, contents, blobs, document_id)
    except ConflictError:
        return Look.MOVING
    return Look.DRIVEN


async def _drive(pipeline: Pipeline, contents: Contents, blobs: Blobs, document_id: str) -> None:
    read = await pipeline.documents.load(document_id)
    if read is None:
        return
    if read.value.status.is_final:
        await forget_object(blobs, read.value)
        await pipeline.publish(rules.opening(read.value))
        await pipeline.documents.replace(read, ending.at_rest(read.value, pipeline.clock()))
    elif read.value.status is DocumentStatus.AWAITING_UPLOAD:
        await watch_upload(pipeline, contents, blobs, read)
    else:
        with joined(read.value.correlation_id):
            await pipeline.drive(read)
