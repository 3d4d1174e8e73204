"""The same file twice in the same bot is one document: the first whose bytes were whole has claimed them."""

from datetime import datetime, timedelta

from shared.core.ids import derived_id
from shared.domain.base import Record
from shared.domain.document import Document, DocumentSource, DocumentStatus
from shared.domain.ending import LONGEST_WAIT

DUPLICATE_LIFE = timedelta(days=7)
"""How long a duplicate tells the page that uploaded it what became of it."""


class ContentClaim(Record):
    """Which document of a bot has these bytes, stored under an id that the bot and the bytes give."""

    id: str
    owner_id: str
    bot_id: str
    document_id: str
    content_hash: str
    claimed_at: datetime


def content_id(bot_id: str, content_hash: str, size_bytes: int) -> str:
    """The id of the claim on bytes of that MD5 (base64) and size."""
    return derived_id("content", bot_id, content_hash, str(size_bytes))


def is_unique_by_content(document: Document) -> bool:
    """A page is unique by its address instead, and an attachment by the message that it is deleted with."""
    return document.source in {DocumentSource.FILE, DocumentSource.TEXT}


def claim_of(document: Document, content_hash: str, now: datetime) -> ContentClaim:
    """The document's claim on the bytes that it was announced with."""
    return ContentClaim(
        id=content_id(document.bot_id, content_hash, document.size_bytes),
        owner_id=document.owner_id,
        bot_id=document.bot_id,
        document_id=document.id,
        content_hash=content_hash,
        claimed_at=now,
    )


def is_held(claim: ContentClaim, document: Document | None) -> bool:
    """Whether the document that the claim names, as it is stored, still stands for these bytes.

    One that awaits its upload has claimed them and is about to go on. A document may be another one of the same id by now, which
    an idempotency key gives after days.
    """
    if document is None or document.status in {DocumentStatus.DELETING, DocumentStatus.DUPLICATE}:
        return False
    is_useless = document.status is DocumentStatus.FAILED and not document.is_ready
    return not is_useless and document.content_hash in {None, claim.content_hash}


def duplicated(document: Document, original_id: str, content_hash: str, now: datetime) -> Document:
    """The document that ends here, since another has its bytes; the sweep looks once whether its object is gone."""
    told = {"duplicate_of": original_id, "content_hash": content_hash, "expire_at": now + DUPLICATE_LIFE}
    ended = {"status": DocumentStatus.DUPLICATE, "updated_at": now, "due_at": now + LONGEST_WAIT, "retry_at": None}
    return document.model_copy(update=told | ended)
