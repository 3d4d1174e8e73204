"""From a file on disk to pages of text. Synchronous and CPU-bound, on untrusted input: call it through `sandbox`."""

import math
from pathlib import Path

from shared.domain.base import Model
from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import TextPage
from shared.ingest.encoding import decode
from shared.ingest.kinds import Kind, sniff
from shared.ingest.limits import MAX_PAGES, MAX_TEXT_BYTES, PAGES_PER_SHARD


class ExtractionPlan(Model):
    """How a file will be read: `pages` is null where the format has none; a shard is a range of pages."""

    kind: Kind
    pages: int | None
    shards: int


class Extraction(Model):
    """One shard's pages. Of these, `characters` counts what is surely text, and `has_pictures` says that OCR might find more:
    a page that is a picture with a few stray words, as of a scanner, is not counted.
    """

    pages: tuple[TextPage, ...]
    characters: int
    has_pictures: bool = False


def plan(path: Path, content_type: str) -> ExtractionPlan:
    """What the content is and in how many shards it is read; the declared type decides only where content cannot.

    Raises RejectedFileError: empty, unsupported_type, corrupt, encrypted, too_large.
    """
    kind = sniff(path, content_type)
    if kind is not Kind.PDF:
        return ExtractionPlan(kind=kind, pages=None, shards=1)
    from shared.ingest.pdf import count_pages  # noqa: PLC0415 - Only a PDF needs the PDF library.

    pages = count_pages(path)
    if pages > MAX_PAGES:
        message = f"The PDF has {pages:,} pages; up to {MAX_PAGES:,} can be read. Split it and upload the parts."
        raise RejectedFileError(FailureCode.TOO_LARGE, message)
    return ExtractionPlan(kind=kind, pages=pages, shards=max(1, math.ceil(pages / PAGES_PER_SHARD)))


def extract(path: Path, kind: Kind, shard: int) -> Extraction:
    """The shard's pages in order, a page without text as an empty one.

    Raises RejectedFileError: corrupt, encrypted, too_large, unsupported_type.
    """
    if kind is Kind.PDF:
        from shared.ingest.pdf import read_pages  # noqa: PLC0415 - See plan.

        pages, characters, has_pictures = read_pages(path, shard * PAGES_PER_SHARD, PAGES_PER_SHARD)
        return Extraction(pages=pages, characters=characters, has_pictures=has_pictures)
    page = _read_whole(path, kind)
    return Extraction(pages=(page,), characters=len(page.text))


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


def _read_whole(path: Path, kind: Kind) -> TextPage:
    if kind is Kind.HTML:
        from shared.ingest.webpage import read_html  # noqa: PLC0415 - See plan.

        return read_html(_content(path))
    text = decode(_content(path))
    if kind is Kind.MARKDOWN:
        from shared.ingest.markdown import read_markdown  # noqa: PLC0415 - See plan.

        return read_markdown(text)
    from shared.ingest.plain import read_plain  # noqa: PLC0415 - See plan.

    return read_plain(text)


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        # One byte more than is allowed tells that the file is too long without reading the rest of it.
        return file.read(MAX_TEXT_BYTES + 1)
