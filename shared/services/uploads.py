"""A finished upload starts the pipeline, whether the bucket's notification tells of it or the sweep finds it."""

from shared.core.log import logger
from shared.domain import pipeline as rules
from shared.domain.blob import document_of, upload_name
from shared.domain.document import Document, DocumentStatus, Failure, FailureCode
from shared.ports.blobs import Blobs, BlobStat
from shared.services.pipeline import Pipeline

_UNUSABLE = {FailureCode.UPLOAD_EXPIRED, FailureCode.UPLOAD_MISMATCH}


async def accept_upload(pipeline: Pipeline, blobs: Blobs, upload: BlobStat) -> None:
    """Start learning the object's document. An object that no document waits for or keeps is deleted.

    A second notice of the same object changes nothing, but asks for the extraction again where it was not begun.
    """
    document_id = document_of(upload.name)
    if document_id is None:
        logger.warning("an object is no upload", extra={"object": upload.name})
        return
    read = await pipeline.documents.load(document_id)
    if read is None or _is_unusable(read.value):
        await blobs.delete(upload.name)
    elif read.value.status is DocumentStatus.AWAITING_UPLOAD:
        await _receive(pipeline, blobs, read.value, upload)
    elif read.value.status is DocumentStatus.RECEIVED:
        await pipeline.publish(rules.opening(read.value))


async def expire_upload(pipeline: Pipeline, blobs: Blobs, document: Document) -> None:
    """Give up on an upload that was not finished in time, and give its quota back. Raises ConflictError where it just came."""
    read = await pipeline.documents.load(document.id)
    if read is None:
        return
    message = "The upload was not finished within seven days. Upload the file again."
    failure = Failure(code=FailureCode.UPLOAD_EXPIRED, message=message)
    if expired := rules.failed(read.value, failure, pipeline.clock()):
        await pipeline.documents.release(read, expired)
    await blobs.delete(upload_name(document.id))


def _is_unusable(document: Document) -> bool:
    return document.failure is not None and document.failure.code in _UNUSABLE


async def _receive(pipeline: Pipeline, blobs: Blobs, document: Document, upload: BlobStat) -> None:
    message = rules.step_message(document)
    if (upload.size_bytes, _plain(upload.content_type)) != (document.size_bytes, _plain(document.content_type)):
        sentence = "What arrived has not the size or the type that was announced. Upload the file again."
        await pipeline.fail(message, Failure(code=FailureCode.UPLOAD_MISMATCH, message=sentence))
        await blobs.delete(upload.name)
        return
    received = await pipeline.change(message, lambda stored: rules.received(stored, upload.md5, pipeline.moment()))
    if received is not None:
        await pipeline.publish(rules.opening(received))


def _plain(content_type: str) -> str:
    return content_type.split(";")[0].strip().lower()
