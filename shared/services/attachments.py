"""Files within a file become documents of their own, under the one that they came with, and once however often it is read."""

import asyncio
import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from shared.core.errors import AlreadyExistsError, QuotaExceededError
from shared.core.ids import derived_id
from shared.domain import pipeline as rules
from shared.domain.document import Document, DocumentSource, DocumentStatus, FailureCode, RejectedFileError
from shared.domain.plan import Stock, plan_of
from shared.ingest.extraction import Attachment, Extraction
from shared.ingest.kinds import Kind, accepted_type, sniff
from shared.ingest.limits import MAX_ATTACHMENTS
from shared.ingest.normal import clean
from shared.ports.blobs import Blobs
from shared.ports.identity import Accounts
from shared.services.pipeline import Pipeline

MOST_DEPTH = 3
"""A file in a mail in a mail in a mail; what is packed deeper is left out."""

_TITLE_CHARACTERS = 200
_EXPIRED = "It did not come the last time. Delete its document, and learn this one again."
_REFUSED = "The attachment {name} was left out: {reason}"


@dataclass(frozen=True)
class _Found:
    """One attachment as it lies on the disk; its number counts from 1 in the order of the file that it came with."""

    number: int
    path: Path
    title: str
    kind: Kind
    md5: str

    def id_under(self, parent: Document) -> str:
        """The same in every try and generation, and another where the bytes are others."""
        return derived_id("attachment", parent.id, str(self.number), self.md5)


@dataclass(frozen=True)
class Attachments:
    """The ports that learning them needs."""

    pipeline: Pipeline
    blobs: Blobs
    accounts: Accounts

    async def keep(self, parent: Document, extraction: Extraction, folder: Path) -> None:
        """Create the documents of what was put into the folder, and note on the parent what was left out, by the reader or here.

        The bucket's notice starts them. Whoever dies on the way is repeated, which finds what it made before.
        """
        notes = list(extraction.notes)
        if extraction.attachments:
            depth = await self._depth(parent)
            limits = plan_of(await self.accounts.get(parent.owner_id)).stock
            for number, attachment in enumerate(extraction.attachments[:MAX_ATTACHMENTS], start=1):
                title = _title(attachment, number)
                try:
                    found = await asyncio.to_thread(_looked_at, folder, attachment, title, number)
                    _check_depth(depth)
                    await self._keep_one(parent, found, limits)
                except (RejectedFileError, QuotaExceededError) as refusal:
                    notes.append(_REFUSED.format(name=title, reason=refusal.message))
        await self.pipeline.note(parent, notes)

    async def _keep_one(self, parent: Document, found: _Found, limits: Stock) -> None:
        """The document, then its bytes, as an upload comes. Raises QuotaExceededError where the plan has no room for it."""
        document = self._document(parent, found)
        try:
            await self.pipeline.documents.create(document, limits)
        except AlreadyExistsError:
            stored = await self.pipeline.documents.load(document.id)
            if stored and stored.value.is_given_up:
                raise RejectedFileError(FailureCode.UPLOAD_EXPIRED, _EXPIRED) from None
            # Gone on since then, or ended: its bytes came before.
            if stored is None or stored.value.status is not DocumentStatus.AWAITING_UPLOAD:
                return
        read = await self.pipeline.documents.load(parent.id)
        if read is not None and read.value.status is not DocumentStatus.DELETING:
            await self.blobs.upload(document.blob, found.path, document.content_type)

    def _document(self, parent: Document, found: _Found) -> Document:
        return rules.announced(
            found.id_under(parent),
            self.pipeline.clock(),
            owner_id=parent.owner_id,
            bot_id=parent.bot_id,
            title=found.title,
            source=DocumentSource.ATTACHMENT,
            parent_id=parent.id,
            content_type=found.kind.value,
            size_bytes=found.path.stat().st_size,
            content_hash=found.md5,
            correlation_id=parent.correlation_id,
        )

    async def _depth(self, document: Document) -> int:
        """How many files the document lies in, as far as that matters."""
        depth = 0
        while document.source is DocumentSource.ATTACHMENT and document.parent_id and depth < MOST_DEPTH:
            depth += 1
            read = await self.pipeline.documents.load(document.parent_id)
            if read is None:
                break
            document = read.value
        return depth


def _check_depth(depth: int) -> None:
    if depth >= MOST_DEPTH:
        raise RejectedFileError(FailureCode.TOO_LARGE, f"Files are read {MOST_DEPTH} levels deep. Upload it by itself.")


def _looked_at(folder: Path, attachment: Attachment, title: str, number: int) -> _Found:
    """What the file is by its content. Raises RejectedFileError, also for a path that no reader should have named."""
    path = folder / attachment.file
    # The names come from a process that read what a stranger wrote.
    if Path(attachment.file).name != attachment.file or path.is_symlink() or not path.is_file():
        raise RejectedFileError(FailureCode.CORRUPT, "It could not be unpacked.")
    kind = sniff(path, accepted_type(title, attachment.content_type))
    with path.open("rb") as file:
        md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()
    return _Found(number, path, title, kind, base64.b64encode(md5).decode())


def _title(attachment: Attachment, number: int) -> str:
    return " ".join(clean(attachment.name).split())[:_TITLE_CHARACTERS].strip() or f"Attachment {number}"
