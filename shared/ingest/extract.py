"""From a file on disk to pages of text. Synchronous and CPU-bound, on untrusted input: call it through `sandbox`."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

from shared.domain.base import Model
from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.extraction import Drawer, Extraction, Picture, Reader
from shared.ingest.kinds import Kind, sniff
from shared.ingest.pages import check_blocks

# By name: a file needs the library of its own format alone.
_READERS = {
    Kind.PDF: "pdf",
    Kind.HTML: "webpage",
    Kind.MARKDOWN: "markdown",
    Kind.TEXT: "plain",
    Kind.DOCX: "word",
    Kind.PPTX: "slides",
    Kind.ODT: "opendocument",
    Kind.ODP: "opendocument",
    Kind.RTF: "rtf",
    Kind.EPUB: "epub",
    Kind.XLSX: "sheets",
    Kind.XLS: "sheets",
    Kind.ODS: "sheets",
    Kind.CSV: "delimited",
    Kind.TSV: "delimited",
    Kind.JSON: "structured",
    Kind.JSONL: "structured",
    Kind.XML: "feed",
    Kind.EMAIL: "mail",
    Kind.PNG: "image",
    Kind.JPEG: "image",
    Kind.GIF: "image",
    Kind.WEBP: "image",
    Kind.TIFF: "image",
    Kind.BMP: "image",
}


_SCANNED = "The PDF holds pictures of pages, as a scan does, and no text. Run text recognition (OCR) on it and upload that."
_PICTURED = "The file is a picture, and none of its text could be read here. Run text recognition (OCR) on it and upload that."


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


class Opened(Model):
    """A file that was planned, and read at once where it has one shard."""

    plan: ExtractionPlan
    extraction: Extraction | None = None


def opened(path: Path, content_type: str) -> Opened:
    """`plan`, and `extract` where that is all there is to read. Raises as they do."""
    planned = plan(path, content_type)
    return Opened(plan=planned, extraction=extract(path, planned.kind, 0) if planned.shards == 1 else None)


def modules_of(content_type: str) -> list[str]:
    """What has to be imported to read files of the type, as far as is known without having seen one."""
    return [_module(Kind(content_type))] if content_type in _READERS else []


def extract(path: Path, kind: Kind, shard: int) -> Extraction:
    """The shard's pages in order, a page without text as an empty one.

    Raises RejectedFileError: corrupt, encrypted, too_large, unsupported_type.
    """
    extraction = _reader(kind).read(path, shard)
    check_blocks(sum(len(page.blocks) for page in extraction.pages))
    return extraction


def draw(path: Path, kind: Kind, pages: Sequence[int]) -> tuple[Picture, ...]:
    """Pages that `extract` left unseen, drawn to files beside the file. Raises RejectedFileError: corrupt, too_large."""
    return cast("Drawer", _reader(kind)).draw(path, pages)


def judge(kind: Kind, characters: int, *, has_pictures: bool) -> None:
    """Refuse a document without text: `characters` is the sum over all its shards, `has_pictures` whether any shard has some.

    Raises RejectedFileError: needs_ocr or empty.
    """
    if characters:
        return
    if has_pictures:
        raise RejectedFileError(FailureCode.NEEDS_OCR, _SCANNED if kind is Kind.PDF else _PICTURED)
    raise RejectedFileError(FailureCode.EMPTY, "The file holds no text. Check that it is the right one, and upload it again.")


def _reader(kind: Kind) -> Reader:
    return cast("Reader", import_module(_module(kind)))


def _module(kind: Kind) -> str:
    return f"shared.ingest.formats.{_READERS[kind]}"
