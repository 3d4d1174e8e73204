"""From a file on disk to pages of text. Synchronous and CPU-bound, on untrusted input: call it through `sandbox`."""

from importlib import import_module
from pathlib import Path
from typing import cast

from shared.domain.base import Model
from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.extraction import Extraction, Reader
from shared.ingest.kinds import Kind, sniff

# By name: a file needs the library of its own format alone.
_READERS = {
    Kind.PDF: "pdf",
    Kind.HTML: "webpage",
    Kind.MARKDOWN: "markdown",
    Kind.TEXT: "plain",
}


class ExtractionPlan(Model):
    """What a file is and how it will be read: `pages` is null where the format has none; a shard is a range of pages."""

    kind: Kind
    pages: int | None
    shards: int


def plan(path: Path, content_type: str) -> ExtractionPlan:
    """What the content is and in how many shards it is read; the declared type decides only where content cannot.

    Raises RejectedFileError: empty, unsupported_type, corrupt, encrypted, too_large.
    """
    kind = sniff(path, content_type)
    layout = _reader(kind).layout(path)
    return ExtractionPlan(kind=kind, pages=layout.pages, shards=layout.shards)


def extract(path: Path, kind: Kind, shard: int) -> Extraction:
    """The shard's pages in order, a page without text as an empty one.

    Raises RejectedFileError: corrupt, encrypted, too_large, unsupported_type.
    """
    return _reader(kind).read(path, shard)


def judge(kind: Kind, characters: int, *, has_pictures: bool) -> None:
    """Refuse a document without text: `characters` is the sum over all its shards, `has_pictures` whether any shard has some.

    Raises RejectedFileError: needs_ocr or empty.
    """
    if characters:
        return
    if kind is Kind.PDF and has_pictures:
        message = (
            "The PDF holds pictures of pages, as a scan does, and no text. Run text recognition (OCR) on it and upload that."
        )
        raise RejectedFileError(FailureCode.NEEDS_OCR, message)
    raise RejectedFileError(FailureCode.EMPTY, "The file holds no text. Check that it is the right one, and upload it again.")


def _reader(kind: Kind) -> Reader:
    return cast("Reader", import_module(f"shared.ingest.formats.{_READERS[kind]}"))
