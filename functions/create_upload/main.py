"""Opens a resumable upload straight into the bucket, after type, size and quota were checked."""

from base64 import b64decode
from datetime import datetime

from functions.create_upload.models import MAX_HEAD_BYTES, CreateUpload, Upload
from shared.core.clock import Clock
from shared.core.errors import AlreadyExistsError, InvalidArgumentError
from shared.core.ids import derived_id, new_id
from shared.core.settings import Settings
from shared.domain import pipeline as rules
from shared.domain.content import content_id, is_held
from shared.domain.document import Document, DocumentStatus, RejectedFileError
from shared.domain.plan import plan_of
from shared.ingest.kinds import accepted_type, sniff_head
from shared.ports.blobs import Blobs
from shared.ports.contents import Contents
from shared.ports.store import Bots, Documents
from shared.runtime.functions import Call, callable_function
from shared.services.bots import find_bot


@callable_function
async def create_upload(  # noqa: PLR0913 - A function declares each port that it uses.
    request: CreateUpload,
    call: Call,
    *,
    bots: Bots,
    documents: Documents,
    contents: Contents,
    blobs: Blobs,
    clock: Clock,
    settings: Settings,
) -> Upload:
    """A file that the bot has is answered with its document.

    Otherwise the session comes first: should it fail, nothing is stored; should the quota refuse, nobody learns its address.
    """
    if request.size_bytes > settings.max_upload_bytes:
        raise InvalidArgumentError(f"A file may have up to {settings.max_upload_bytes:,} bytes.", field="size_bytes")
    await find_bot(bots, request.bot_id, call.uid)
    document = _document(request, call, clock())
    if original := await _learned_before(contents, documents, request, call.uid):
        return Upload(document_id=original.id, duplicate_of=original.id, content_type=original.content_type)
    url = await blobs.create_upload_session(document.blob, document.content_type, document.size_bytes, call.origin)
    try:
        await documents.create(document, plan_of(call.account).stock)
    except AlreadyExistsError:
        document = await _opened_before(documents, document)
    expires_at = rules.upload_expires_at(document)
    return Upload(document_id=document.id, upload_url=url, content_type=document.content_type, expires_at=expires_at)


async def _opened_before(documents: Documents, document: Document) -> Document:
    """What an earlier try of this call stored before it died; the new session serves it as long as it waits for this file."""
    stored = await documents.get(document.id, document.owner_id)
    if stored is None or stored.status is not DocumentStatus.AWAITING_UPLOAD or _file(stored) != _file(document):
        message = "An upload was made with this idempotency_key before; take a new key for a new upload."
        raise AlreadyExistsError(message, field="idempotency_key")
    return stored


async def _learned_before(contents: Contents, documents: Documents, request: CreateUpload, uid: str) -> Document | None:
    """The bot's document with these bytes, if the page tells their hash; whoever lies about it gets no more than it owns."""
    if request.content_md5 is None:
        return None
    claim = await contents.find(content_id(request.bot_id, request.content_md5, request.size_bytes), uid)
    document = await documents.get(claim.document_id, uid) if claim else None
    return document if claim and is_held(claim, document) else None


def _file(document: Document) -> tuple[str, str, str, int]:
    return document.bot_id, document.title, document.content_type, document.size_bytes


def _document(request: CreateUpload, call: Call, now: datetime) -> Document:
    document_id = derived_id("document", call.uid, call.idempotency_key) if call.idempotency_key else new_id()
    return rules.announced(
        document_id,
        now,
        owner_id=call.uid,
        bot_id=request.bot_id,
        title=request.title,
        content_type=_content_type(request),
        size_bytes=request.size_bytes,
        announced_hash=request.content_md5,
        correlation_id=call.correlation_id,
    )


def _content_type(request: CreateUpload) -> str:
    """By the first bytes, where the caller shows them."""
    try:
        if request.head:
            return sniff_head(_head(request), request.title, request.content_type).value
        return accepted_type(request.title, request.content_type)
    except RejectedFileError as refusal:
        told_by = "head" if request.head else "content_type" if request.content_type else "title"
        raise InvalidArgumentError(refusal.message, field=told_by) from refusal


def _head(request: CreateUpload) -> bytes:
    message = "head must be the first bytes of the file, at most 8,192, in base64 with the standard alphabet and padding."
    try:
        head = b64decode(request.head, validate=True)
    except ValueError as error:
        raise InvalidArgumentError(message, field="head") from error
    if len(head) > min(MAX_HEAD_BYTES, request.size_bytes):
        raise InvalidArgumentError(message, field="head")
    return head
