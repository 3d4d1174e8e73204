"""A finished upload starts the pipeline, whether the bucket's notification tells of it or the sweep finds it."""

from shared.core.log import joined, logger
from shared.domain import ending
from shared.domain import pipeline as rules
from shared.domain.blob import document_of, upload_name
from shared.domain.content import duplicated, is_unique_by_content
from shared.domain.document import Document, DocumentStatus, Failure, FailureCode
from shared.ports.blobs import Blobs, BlobStat
from shared.ports.contents import Contents
from shared.ports.store import Versioned
from shared.services.originals import original_of
from shared.services.pipeline import Pipeline


async def accept_upload(pipeline: Pipeline, contents: Contents, blobs: Blobs, upload: BlobStat) -> None:
    """Start learning the object's document. An object that no document waits for or keeps is deleted.

    A file that its bot has already ends as a duplicate. A second notice of the same object changes nothing, but asks for the
    extraction again where it was not begun. Raises ConflictError where the sweep is just looking at a document whose object must
    be refused.
    """
    document_id = document_of(upload.name)
    if document_id is None:
        logger.warning("an object is no upload", extra={"object": upload.name})
        return
    read = await pipeline.documents.load(document_id)
    if read is None or read.value.is_given_up or read.value.status is DocumentStatus.DELETING:
        await blobs.delete(upload.name)
        return
    with joined(read.value.correlation_id):
        if read.value.status is DocumentStatus.AWAITING_UPLOAD:
            await _receive(pipeline, contents, blobs, read, upload)
        elif read.value.status is DocumentStatus.RECEIVED:
            await pipeline.publish(rules.opening(read.value))


async def watch_upload(pipeline: Pipeline, contents: Contents, blobs: Blobs, read: Versioned[Document]) -> None:
    """Look after a document that waits for its bytes: its notification may be lost, and it does not wait for ever.

    Raises ConflictError where the notification is just being handled.
    """
    document, now = read.value, pipeline.clock()
    upload = await blobs.stat(upload_name(document.id))
    if upload is not None:
        await accept_upload(pipeline, contents, blobs, upload)
    elif now < rules.upload_expires_at(document):
        later = {"due_at": rules.next_upload_look(document, now)}
        await pipeline.documents.replace(read, document.model_copy(update=later))
    else:
        await _give_up(pipeline, blobs, read, ending.upload_expired(document))


async def forget_object(blobs: Blobs, document: Document) -> None:
    """Delete what whoever ended a document as a duplicate may have died before deleting."""
    if document.is_given_up:
        await blobs.delete(upload_name(document.id))


async def _receive(pipeline: Pipeline, contents: Contents, blobs: Blobs, read: Versioned[Document], upload: BlobStat) -> None:
    document, message = read.value, rules.step_message(read.value)
    # The type that arrived does not matter: a plain PUT names none, and extraction goes by the content.
    if mismatch := _mismatch(document, upload):
        await _give_up(pipeline, blobs, read, mismatch)
        return
    # Without a hash, as of an object that was put together from parts, nobody can tell.
    is_known = upload.md5 and is_unique_by_content(document)
    original_id = await original_of(pipeline, contents, document, upload.md5 or "") if is_known else None
    if original_id:
        await _end_duplicate(pipeline, blobs, read, duplicated(document, original_id, upload.md5 or "", pipeline.clock()))
        return
    received = await pipeline.change(message, lambda stored: rules.received(stored, upload.md5, pipeline.moment()))
    if received is not None:
        await pipeline.publish(rules.opening(received))


async def _end_duplicate(pipeline: Pipeline, blobs: Blobs, read: Versioned[Document], duplicate: Document) -> None:
    """As `_give_up`, once; the sweep looks for the object as well, since a notice may be lost."""
    await pipeline.documents.release(read, duplicate)
    logger.info("a file is there already", extra={"document_id": duplicate.id, "duplicate_of": duplicate.duplicate_of})
    await blobs.delete(upload_name(duplicate.id))


async def _give_up(pipeline: Pipeline, blobs: Blobs, read: Versioned[Document], failure: Failure) -> None:
    """End a document that awaits its upload. Its stock goes back in the commit that ends it, hence once; whoever dies before
    the object is deleted leaves that to the notice, which comes again.
    """
    if failed := ending.failed(read.value, failure, pipeline.clock()):
        await pipeline.documents.release(read, failed)
        logger.info("a document failed", extra={"document_id": failed.id, "failure": failure.code.value})
    # An expired upload may have arrived meanwhile.
    await blobs.delete(upload_name(read.value.id))
    if failed:
        await pipeline.publish(rules.opening(failed))


def _mismatch(document: Document, upload: BlobStat) -> Failure | None:
    """Why these are not the bytes that were announced; of an object without a hash only their number is known."""
    arrived, announced = upload.size_bytes, document.size_bytes
    if arrived != announced:
        sentence = f"{arrived:,} bytes arrived where {announced:,} were announced. Ask for a new upload, and send the whole file."
    elif upload.md5 and document.announced_hash not in {None, upload.md5}:
        sentence = "Other bytes arrived than content_md5 announced. Ask for a new upload, and send the same file."
    else:
        return None
    return Failure(code=FailureCode.UPLOAD_MISMATCH, message=sentence)
