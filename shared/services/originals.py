"""Finds out whether a document's bytes are those of another one of its bot, and claims them for it where they are not."""

from shared.core.errors import ConflictError, FailedPreconditionError
from shared.domain import content as rules
from shared.domain.document import Document, DocumentStatus
from shared.ports.contents import Contents
from shared.services.pipeline import Pipeline

CLAIM_TRIES = 4
"""Claims that are taken over or given back just while we look may move us on a few times."""


async def original_of(pipeline: Pipeline, contents: Contents, document: Document, content_hash: str) -> str | None:
    """The id of the living document with the same bytes; None where the claim is this document's, from now or from before.

    A claim whose document is gone, deleted, a duplicate itself or failed is taken over. Raises ConflictError where others are
    always quicker.
    """
    claim = rules.claim_of(document, content_hash, pipeline.clock())
    for _ in range(CLAIM_TRIES):
        read = await contents.claim(claim)
        if read.value.document_id == document.id:
            return None
        other = await pipeline.documents.load(read.value.document_id)
        if rules.is_held(read.value, other.value if other else None):
            return read.value.document_id
        try:
            await contents.take_over(read, claim)
        except ConflictError:
            continue
        return None
    raise ConflictError("The same bytes are claimed by many at once.")


async def require_original(pipeline: Pipeline, contents: Contents, document: Document) -> None:
    """Raises FailedPreconditionError where the bot has the document's bytes as another one: a duplicate was never kept, and a
    document that failed may have lost its claim to the same file, uploaded again.
    """
    original_id = document.duplicate_of if document.status is DocumentStatus.DUPLICATE else None
    if original_id and await pipeline.documents.get(original_id, document.owner_id) is None:
        raise FailedPreconditionError("The document that had this file was deleted; upload the file again.", field="document_id")
    has_failed = document.status is DocumentStatus.FAILED and not document.is_ready and not document.is_given_up
    if has_failed and document.content_hash and rules.is_unique_by_content(document):
        original_id = await original_of(pipeline, contents, document, document.content_hash)
    if original_id:
        message = f"The bot has the same file as document {original_id}; ask for that one, or delete this one."
        raise FailedPreconditionError(message, field="document_id")
