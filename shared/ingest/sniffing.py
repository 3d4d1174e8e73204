"""Files by their content: signatures first, then what lies in a zip or in an OLE container, then whether it is text at all."""

import re
import struct
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest import ole
from shared.ingest.archive import Archive, corrupt, locked, opened_archive
from shared.ingest.encoding import is_binary
from shared.ingest.kinds import OLD_POWERPOINT, OLD_WORD, OUTLOOK, Kind, old, unsupported

HEAD_BYTES = 8 * 1024
"""What is looked at of a file's beginning; a caller who shows it need not show more."""

# Adobe's readers accept leading bytes up to here, and files rely on it.
_PDF_HEADER_WITHIN = 1024
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_READ = (
    (b"{\\rtf", Kind.RTF),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"GIF87a", Kind.GIF),
    (b"GIF89a", Kind.GIF),
    (b"II*\x00", Kind.TIFF),
    (b"MM\x00*", Kind.TIFF),
    (b"BM", Kind.BMP),
)
_REFUSED = (
    (_EMPTY_ZIP, "an empty ZIP archive"),
    (b"RIFF", "a sound or video"),
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
_TEXT_LIKE = {b"BM", b"MZ", b"ID3", b"RIFF", b"GIF87a", b"GIF89a", b"BZh", b"OggS", b"Rar!\x1a\x07"}
_ZIPPED = {Kind.DOCX, Kind.PPTX, Kind.XLSX, Kind.ODT, Kind.ODP, Kind.ODS, Kind.EPUB}
_WRITTEN = {
    *(Kind.TEXT, Kind.MARKDOWN, Kind.HTML, Kind.CSV, Kind.TSV, Kind.JSON, Kind.JSONL, Kind.XML, Kind.EMAIL),
}
_MIMETYPES = {kind.value: kind for kind in (Kind.ODT, Kind.ODP, Kind.ODS, Kind.EPUB)} | {
    "application/vnd.oasis.opendocument.text-template": Kind.ODT,
    "application/vnd.oasis.opendocument.presentation-template": Kind.ODP,
    "application/vnd.oasis.opendocument.spreadsheet-template": Kind.ODS,
}
# Office's own names of the main part's type, macros and templates included.
_MAIN_PARTS = (
    (re.compile(rb"wordprocessingml\.(?:document|template)\.main|ms-word\.\w+\.macroEnabled(?:Template)?\.main"), Kind.DOCX),
    (re.compile(rb"presentationml\.(?:presentation|slideshow|template)\.main|ms-powerpoint\.\w+\.macroEnabled\.main"), Kind.PPTX),
    (re.compile(rb"spreadsheetml\.(?:sheet|template)\.main|ms-excel\.\w+\.macroEnabled\.main"), Kind.XLSX),
)
_FOLDERS = (("word/", Kind.DOCX), ("ppt/", Kind.PPTX), ("xl/", Kind.XLSX))
_CONTENT_TYPES = "[Content_Types].xml"
_MIMETYPE_BYTES = 200
_CONTENT_TYPES_BYTES = 4 * 1024 * 1024
_OLD = (("WordDocument", OLD_WORD), ("PowerPoint Document", OLD_POWERPOINT), ("__properties_version1.0", OUTLOOK))
_XML_WORKBOOK = re.compile(rb"<(?:\w+:)?workbook[\s>]")
_WEB_TABLE = re.compile(rb"<(?:!doctype html|html|head|body|table)\b")
_WORKBOOKS = {"Workbook", "Book", "WORKBOOK", "BOOK"}


def kind_of_file(path: Path, declared: Kind) -> Kind:
    """What the whole file is. Raises as `kinds.sniff`."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(_ZIP):
        return _zipped(path)
    if head.startswith(ole.MAGIC):
        return _contained(ole.root_names(path))
    return _plain(head, declared)


def kind_of_head(head: bytes, declared: Kind | None, old_by_name: str = "") -> Kind:
    """What a file that begins so is, as far as that tells. Raises as `kinds.sniff_head`."""
    head = head[:HEAD_BYTES]
    if head.startswith(_ZIP):
        return _zipped_by_head(head, declared)
    if head.startswith(ole.MAGIC):
        names = [name for name in _ole_names() if name.encode("utf-16-le") in head]
        # What it holds often stands at its end.
        if not names and old_by_name:
            raise old(old_by_name)
        return _contained(names or ["Workbook"])
    return _plain(head, declared or Kind.TEXT)


def _plain(head: bytes, declared: Kind) -> Kind:
    if not head:
        raise RejectedFileError(FailureCode.EMPTY, "The file has no bytes. Check that it was saved, and upload it again.")
    # Before the signatures, since bytes before a PDF's header may look like one of them.
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN]:
        return Kind.PDF
    if (kind := _signed(head)) is not None:
        return kind
    if declared is Kind.XLS and not is_binary(head) and (exported := _exported(head)) is not None:
        return exported
    if declared not in _WRITTEN:
        raise _misnamed(declared)
    if is_binary(head):
        raise unsupported("binary data")
    return _written(head, declared)


def _signed(head: bytes) -> Kind | None:
    """By the signature. Raises RejectedFileError(unsupported_type) for one that is known and not read."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Kind.WEBP
    for magic, kind in _READ:
        if _begins(head, magic):
            return kind
    for magic, what in _REFUSED:
        if _begins(head, magic):
            raise unsupported(what)
    if head[257:262] == b"ustar":
        raise unsupported("a tar archive")
    return None


def _begins(head: bytes, magic: bytes) -> bool:
    if head.startswith(magic) and magic == b"BM" and head[6:10] == bytes(4):
        # Reserved, and zero in every bitmap; one that is mostly white looks like no binary file otherwise.
        return True
    return head.startswith(magic) and (magic not in _TEXT_LIKE or is_binary(head))


def _written(head: bytes, declared: Kind) -> Kind:
    """Text by its root element, where it has one that says more than the declared kind does."""
    root = _root(head)
    if root.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return Kind.HTML if declared is not Kind.EMAIL else declared
    if declared is Kind.XML and not root.startswith(b"<"):
        return Kind.TEXT
    return Kind.XML if declared is Kind.TEXT and root.startswith((b"<rss", b"<feed")) else declared


def _exported(head: bytes) -> Kind | None:
    """What programs of the web write and call a workbook, since Excel opens it: a web page, Excel's XML of 2003, or rows."""
    root = _root(head)
    if root.startswith(b"<"):
        if _XML_WORKBOOK.match(root):
            return Kind.XML
        return Kind.HTML if _WEB_TABLE.search(root) else None
    lines = [line for line in root.splitlines() if line.strip()][:2]
    if any(b"\t" in line for line in lines):
        return Kind.TSV
    counts = [{line.count(mark) for line in lines} for mark in (b";", b",")]
    return Kind.CSV if len(lines) > 1 and any(len(count) == 1 and 0 not in count for count in counts) else None


def _root(head: bytes) -> bytes:
    # A wide encoding puts zero bytes between letters; without them one comparison serves all encodings.
    text = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    while text.startswith((b"<!--", b"<?xml", b"<?mso-")):
        text = text.partition(b"-->" if text.startswith(b"<!--") else b">")[2].lstrip()
    return text


def _misnamed(declared: Kind) -> RejectedFileError:
    name = declared.name
    what = "an image" if declared.value.startswith("image/") else f"an {name}" if name[0] in "EOX" else f"a {name}"
    message = f"The file is named {what} but holds none. Open it, save it as {name} again, and upload the new file."
    return RejectedFileError(FailureCode.CORRUPT, message)


def _zipped(path: Path) -> Kind:
    with opened_archive(path) as archive:
        kind = _by_mimetype(archive) or _by_content_types(archive)
        if kind is not None:
            return kind
    raise unsupported("a ZIP archive")


def _by_mimetype(archive: Archive) -> Kind | None:
    if "mimetype" not in archive:
        return Kind.EPUB if "META-INF/container.xml" in archive and _CONTENT_TYPES not in archive else None
    return _MIMETYPES.get(archive.read("mimetype", _MIMETYPE_BYTES).decode("ascii", "replace").strip())


def _by_content_types(archive: Archive) -> Kind | None:
    if _CONTENT_TYPES not in archive:
        return None
    content = archive.read(_CONTENT_TYPES, _CONTENT_TYPES_BYTES)
    return _main_part(content) or _by_folder(archive.names)


def _main_part(content_types: bytes) -> Kind | None:
    return next((kind for pattern, kind in _MAIN_PARTS if pattern.search(content_types)), None)


def _by_folder(names: Collection[str]) -> Kind | None:
    return next((kind for folder, kind in _FOLDERS if any(name.startswith(folder) for name in names)), None)


def _zipped_by_head(head: bytes, declared: Kind | None) -> Kind:
    """By the entries whose beginning is shown; a first entry that says nothing leaves it to what is declared."""
    entries = dict(_entries(head))
    if (kind := _MIMETYPES.get(entries.get("mimetype", b"").decode("ascii", "replace").strip())) is not None:
        return kind
    kind = _main_part(entries.get(_CONTENT_TYPES, b"")) or _by_folder(entries)
    if kind is not None:
        return kind
    if declared in _ZIPPED:
        return declared
    if _CONTENT_TYPES in entries:
        return Kind.DOCX
    raise unsupported("a ZIP archive")


def _entries(head: bytes) -> Iterator[tuple[str, bytes]]:
    """Names of the entries at the beginning of a zip with their content as far as it is there."""
    position = 0
    while head[position : position + 4] == _ZIP and len(head) >= position + 30:
        flags, method, packed, name_bytes, extra_bytes = struct.unpack_from("<6xHH8xI4xHH", head, position)
        start = position + 30 + name_bytes + extra_bytes
        content = head[start : start + packed] if packed else head[start:]
        yield head[position + 30 : position + 30 + name_bytes].decode("utf-8", "replace"), _shown(content, method)
        # With this flag the size stands behind the content, so that the next entry has to be looked for.
        position = head.find(_ZIP, start) if flags & 0x8 else start + packed
        if position < 0:
            return


def _shown(content: bytes, method: int) -> bytes:
    if method == 0:
        return content[:_MIMETYPE_BYTES]
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, HEAD_BYTES * 8)
    except zlib.error:
        return b""


def _contained(names: Collection[str]) -> Kind:
    """What an OLE container with these names at its root is."""
    if "EncryptedPackage" in names:
        raise locked()
    for name, what in _OLD:
        if name in names:
            raise old(what)
    if _WORKBOOKS.intersection(names):
        return Kind.XLS
    if not names:
        raise corrupt()
    raise old("an old Office document; open it and save it in a new format")


def _ole_names() -> Iterator[str]:
    yield from ("EncryptedPackage", *(name for name, _ in _OLD), *sorted(_WORKBOOKS))
