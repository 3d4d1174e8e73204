"""What a file is: declared by name and type before it is sent, decided by its content once it is there."""

from enum import StrEnum
from pathlib import Path, PurePosixPath

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.encoding import is_binary

ACCEPTED = "PDF (.pdf), web pages (.html, .htm), Markdown (.md, .markdown) and plain text (.txt, .text, .log)"

_HEAD_BYTES = 4096
# Adobe's readers accept leading bytes up to here, and files rely on it.
_PDF_HEADER_WITHIN = 1024


class Kind(StrEnum):
    """The formats that are read; the value is the canonical content type."""

    PDF = "application/pdf"
    HTML = "text/html"
    MARKDOWN = "text/markdown"
    TEXT = "text/plain"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    XLS = "application/vnd.ms-excel"
    ODT = "application/vnd.oasis.opendocument.text"
    ODP = "application/vnd.oasis.opendocument.presentation"
    ODS = "application/vnd.oasis.opendocument.spreadsheet"
    RTF = "application/rtf"
    EPUB = "application/epub+zip"
    CSV = "text/csv"
    TSV = "text/tab-separated-values"
    JSON = "application/json"
    JSONL = "application/jsonl"
    EMAIL = "message/rfc822"
    XML = "application/xml"
    PNG = "image/png"
    JPEG = "image/jpeg"
    GIF = "image/gif"
    WEBP = "image/webp"
    TIFF = "image/tiff"
    BMP = "image/bmp"


_BY_TYPE = {
    "application/pdf": Kind.PDF,
    "application/x-pdf": Kind.PDF,
    "text/html": Kind.HTML,
    "application/xhtml+xml": Kind.HTML,
    "text/markdown": Kind.MARKDOWN,
    "text/x-markdown": Kind.MARKDOWN,
    "text/plain": Kind.TEXT,
}
_BY_EXTENSION = {
    ".pdf": Kind.PDF,
    ".html": Kind.HTML,
    ".htm": Kind.HTML,
    ".xhtml": Kind.HTML,
    ".md": Kind.MARKDOWN,
    ".markdown": Kind.MARKDOWN,
    ".txt": Kind.TEXT,
    ".text": Kind.TEXT,
    ".log": Kind.TEXT,
}
# Browsers say these of a file that they do not know, and of Markdown; its name then tells more.
_VAGUE_TYPES = {"", "application/octet-stream", "binary/octet-stream", "text/plain"}
_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"{\\rtf", "a rich text (RTF) document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"BM", "a bitmap image"),
    (b"RIFF", "an image, sound or video"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound or video file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3\x00", "a database"),
    (b"%!PS", "a PostScript file"),
)
# Words may begin so: binary content must agree.
_TEXT_LIKE = {
    b"BM",
    b"MZ",
    b"ID3",
    b"RIFF",
    b"GIF8",
    b"BZh",
    b"OggS",
    b"Rar!\x1a\x07",
}


def accepted_type(title: str, content_type: str) -> str:
    """The canonical content type that the name and the declared type agree on; a vague type leaves it to the extension.

    Raises RejectedFileError(unsupported_type) that lists what is accepted.
    """
    declared = content_type.partition(";")[0].strip().lower()
    extension = PurePosixPath(title.strip().lower()).suffix
    by_type, by_extension = _BY_TYPE.get(declared), _BY_EXTENSION.get(extension)
    kind = by_extension or by_type if declared in _VAGUE_TYPES else by_type
    if kind is None:
        what = declared if declared not in _VAGUE_TYPES else extension or "a file without a type"
        raise RejectedFileError(FailureCode.UNSUPPORTED_TYPE, f"{what[:80]} cannot be read yet. Accepted are {ACCEPTED}.")
    return kind.value


def sniff(path: Path, content_type: str) -> Kind:
    """What the file's content is; the declared type only tells text, Markdown and HTML without a root apart.

    Raises RejectedFileError: empty, unsupported_type, or corrupt for a PDF that is none.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise RejectedFileError(FailureCode.EMPTY, "The file has no bytes. Check that it was saved, and upload it again.")
    # Before the signatures, since bytes before a PDF's header may look like one of them.
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN]:
        return Kind.PDF
    if (found := _signature(head)) is not None:
        raise _unsupported(found)
    declared = _BY_TYPE.get(content_type, Kind.TEXT)
    if declared is Kind.PDF:
        raise RejectedFileError(
            FailureCode.CORRUPT, "The file is named a PDF but holds none. Open it, save it as PDF again, and upload the new file."
        )
    if is_binary(head):
        raise _unsupported("binary data")
    return Kind.HTML if _has_html_root(head) else declared


def _signature(head: bytes) -> str | None:
    for magic, name in _SIGNATURES:
        if head.startswith(magic) and (magic not in _TEXT_LIKE or is_binary(head)):
            return name
    return "a tar archive" if head[257:262] == b"ustar" else None


def _has_html_root(head: bytes) -> bool:
    # A wide encoding puts zero bytes between letters; without them one comparison serves all encodings.
    text = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    while text.startswith((b"<!--", b"<?xml")):
        text = text.partition(b">")[2].lstrip()
    return text.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def _unsupported(what: str) -> RejectedFileError:
    return RejectedFileError(
        FailureCode.UNSUPPORTED_TYPE, f"The file is {what}, which cannot be read yet. Accepted are {ACCEPTED}."
    )
