"""Has a bot learn a text that came with the call; it goes the way of a file from the bucket on."""

import base64
import hashlib

from functions.add_text.models import AddText
from shared.core.clock import Clock
from shared.core.errors import AlreadyExistsError, InvalidArgumentError
from shared.core.ids import derived_id, new_id
from shared.domain import pipeline as rules
from shared.domain.document import Document, DocumentSource, DocumentStatus, RejectedFileError
from shared.domain.document_view import DocumentView
from shared.domain.plan import plan_of
from shared.ingest.encoding import decode
from shared.ingest.kinds import Kind
from shared.ports.blobs import Blobs
from shared.ports.store import Bots, Documents
from shared.runtime.functions import Call, callable_function
from shared.services.bots import find_bot


@callable_function
async def add_text(request: AddText, call: Call, *, bots: Bots, documents: Documents, blobs: Blobs, clock: Clock) -> DocumentView:
    """The document, which the bucket's notice will start. One whose text never came is given up within minutes."""
    content = _content(request.text)
    await find_bot(bots, request.bot_id, call.uid)
    document = _document(request, content, call, clock)
    try:
        await documents.create(document, plan_of(call.account).stock)
    except AlreadyExistsError:
        document = await _added_before(documents, document)
    if document.status is DocumentStatus.AWAITING_UPLOAD:
        # After the document, since an object without one is deleted as soon as its notice comes.
        await blobs.write(document.blob, content, document.content_type)
    return DocumentView.of(document, clock())


async def _added_before(documents: Documents, document: Document) -> Document:
    """What an earlier try of this call stored before it died."""
    stored = await documents.get(document.id, document.owner_id)
    if stored is None or _told(stored) != _told(document):
        message = "A text was added with this idempotency_key before; take a new key for a new text."
        raise AlreadyExistsError(message, field="idempotency_key")
    return stored


def _told(document: Document) -> tuple[str, str, str, str | None]:
    return document.bot_id, document.title, document.content_type, document.content_hash


def _document(request: AddText, content: bytes, call: Call, clock: Clock) -> Document:
    document_id = derived_id("document", call.uid, call.idempotency_key) if call.idempotency_key else new_id()
    md5 = hashlib.md5(content, usedforsecurity=False).digest()
    return rules.announced(
        document_id,
        clock(),
        owner_id=call.uid,
        bot_id=request.bot_id,
        title=request.title,
        source=DocumentSource.TEXT,
        content_type=Kind.MARKDOWN.value if request.is_markdown else Kind.TEXT.value,
        size_bytes=len(content),
        content_hash=base64.b64encode(md5).decode(),
        correlation_id=call.correlation_id,
    )


def _content(text: str) -> bytes:
    """The text's bytes. Raises InvalidArgumentError for what the stages would not read back as this very text."""
    content = text.encode()
    try:
        is_text = bool(text.strip()) and decode(content) == text.removeprefix("\ufeff")
    except RejectedFileError:
        is_text = False
    if not is_text:
        raise InvalidArgumentError("text must be readable: it holds nothing but spaces, or control characters.", field="text")
    return content
