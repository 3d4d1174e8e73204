"""A document is what a bot learns from; its status is the pipeline's progress as a person may read it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.core.errors import Code, SynapseError
from shared.domain.base import ONE_LINE, Model, Record
from shared.domain.web import WebSource

Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=ONE_LINE)]
"""What a document is called: one line."""


class DocumentStatus(StrEnum):
    """The way of a document; the last four end it. A file awaits its upload, a web page is fetched."""

    AWAITING_UPLOAD = "awaiting_upload"
    FETCHING = "fetching"
    RECEIVED = "received"
    EXTRACTING = "extracting"
    CHUNKING = "chunking"
    EMBEDDING = "embedding"
    INDEXING = "indexing"
    READY = "ready"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    DELETING = "deleting"

    @property
    def is_final(self) -> bool:
        """Whether no stage has anything more to do."""
        return self in {DocumentStatus.READY, DocumentStatus.FAILED, DocumentStatus.DUPLICATE, DocumentStatus.DELETING}


class DocumentSource(StrEnum):
    """Where its bytes come from: a file that a person uploads, a text that came with the call, an address, or the document
    that it was found in. A site has no bytes of its own: its pages are documents under it.
    """

    FILE = "file"
    TEXT = "text"
    URL = "url"
    SITE = "site"
    ATTACHMENT = "attachment"


class Stage(StrEnum):
    """A step of the pipeline; its topic and its function are named after it. What was uploaded is not fetched."""

    FETCH = "fetch"
    EXTRACT = "extract"
    CHUNK = "chunk"
    EMBED = "embed"
    INDEX = "index"


class FailureCode(StrEnum):
    """Why a document failed; a page may translate it, and a person can act on its message."""

    NEEDS_OCR = "needs_ocr"
    ENCRYPTED = "encrypted"
    EMPTY = "empty"
    CORRUPT = "corrupt"
    UNSUPPORTED_TYPE = "unsupported_type"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    OVER_QUOTA = "over_quota"
    FETCH_REFUSED = "fetch_refused"
    FETCH_FAILED = "fetch_failed"
    ROBOTS = "robots"
    UPLOAD_EXPIRED = "upload_expired"
    UPLOAD_MISMATCH = "upload_mismatch"
    INTERNAL = "internal"


class RejectedFileError(SynapseError):
    """The file or page itself is the reason; unless it `can_retry`, only another helps."""

    code = Code.FAILED_PRECONDITION

    def __init__(self, failure: FailureCode, message: str, *, can_retry: bool = False) -> None:
        super().__init__(message)
        self.failure = failure
        # A file may be read too slowly since the instance was overloaded.
        self.can_retry = can_retry or failure is FailureCode.TOO_SLOW


class Failure(Model):
    """Why it ended, in a code and one sentence; `can_retry` says whether reprocessing the same file may help."""

    code: FailureCode
    message: str
    can_retry: bool = False


class StageProgress(Model):
    """Shards that are done, of all; `of` is 0 until the stage is planned."""

    done: int = 0
    of: int = 0


class Wait(StrEnum):
    """Why a document waits until `retry_at`: for a provider's quota, or since a step failed and will be tried again."""

    CAPACITY = "capacity"
    RETRY = "retry"


class Cost(Model):
    """What models were asked for to learn it, over all its generations; what the cache knew costs nothing."""

    embedded_texts: int = 0
    embedded_tokens: int = 0
    vision_tokens: int = 0

    def __add__(self, more: "Cost") -> "Cost":
        return Cost(**{name: getattr(self, name) + getattr(more, name) for name in Cost.model_fields})


class Document(Record):
    """One file, text or page of one bot. `generation` is being learned, `live_generation` is what searches see (0: none yet);
    of the generations up to `purged_generation` nothing is kept.
    """

    id: str
    owner_id: str
    bot_id: str
    title: str
    source: DocumentSource = DocumentSource.FILE
    content_type: str
    size_bytes: int
    blob: str = Field(description="The object's name in the bucket.")
    url: str | None = Field(default=None, description="Where it was fetched from, as it was asked for.")
    web: WebSource | None = Field(default=None, description="How it is fetched, where it comes from the web.")
    parent_id: str | None = Field(default=None, description="The document that it was found in, with which it is deleted.")
    duplicate_of: str | None = Field(default=None, description="The document of the same bot that has the same bytes.")
    status: DocumentStatus
    failure: Failure | None = None
    generation: int = 1
    live_generation: int = 0
    purged_generation: int = 0
    content_hash: str | None = Field(default=None, description="The store's MD5 of the bytes, base64.")
    announced_hash: str | None = Field(
        default=None, description="The MD5 that its bytes must have, where whoever sends them said so."
    )
    progress: dict[Stage, StageProgress] = Field(default_factory=dict)
    pages: int | None = None
    chunks: int | None = None
    cost: Cost = Cost()
    notes: tuple[str, ...] = Field(default=(), description="What was left out, in sentences.")
    attempt: int = Field(default=1, description="Which try of its present stage this is, or will be at retry_at.")
    wait: Wait | None = Field(default=None, description="What it waits for until retry_at.")
    stands_still: bool = Field(default=False, description="The sweep found nobody at work; the next move clears it.")
    untold: bool = Field(default=False, description="It has ended, and its owner's devices were not told of it yet.")
    revivals: int = Field(default=0, description="How often the generation was taken up again where it had failed.")
    correlation_id: str | None = Field(default=None, description="Of the call that began it; the bucket's notice carries none.")
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None = Field(description="When the sweep looks at it, unless it moves before; null once it ended.")
    retry_at: datetime | None = Field(default=None, description="When the next try comes; until then nothing has to move.")
    expire_at: datetime | None = Field(default=None, description="When a duplicate is forgotten.")
    refresh_at: datetime | None = Field(default=None, description="When it is fetched anew; null: only when somebody asks.")

    @property
    def is_ready(self) -> bool:
        """Whether searches find it."""
        return self.live_generation > 0

    @property
    def has_old_generations(self) -> bool:
        """Whether something of a generation before the live one may still be kept."""
        return self.live_generation - 1 > self.purged_generation

    @property
    def is_given_up(self) -> bool:
        """Whether its bytes were never kept: no object stays, and its stock went back to the owner as it ended."""
        if self.status is DocumentStatus.DUPLICATE:
            return True
        return self.failure is not None and self.failure.code in {FailureCode.UPLOAD_EXPIRED, FailureCode.UPLOAD_MISMATCH}

    def is_expired(self, now: datetime) -> bool:
        """Whether it is forgotten, though the store may remove it a day later."""
        return self.expire_at is not None and self.expire_at <= now
