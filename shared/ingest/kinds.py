"""What a file is: declared by name and type, told by its first bytes where they are shown, decided by its whole content."""

from enum import StrEnum
from pathlib import Path, PurePosixPath

from shared.domain.document import FailureCode, RejectedFileError


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


OLD_WORD = "an old Word document (.doc); open it and save it as .docx"
OLD_POWERPOINT = "an old PowerPoint presentation (.ppt); open it and save it as .pptx"
OUTLOOK = "an Outlook message (.msg); save it as .eml, or its text as .txt"
_OLD = {
    **dict.fromkeys((".doc", ".dot", "application/msword"), OLD_WORD),
    **dict.fromkeys((".ppt", ".pps", ".pot", "application/vnd.ms-powerpoint"), OLD_POWERPOINT),
    **dict.fromkeys((".msg", "application/vnd.ms-outlook"), OUTLOOK),
}
ACCEPTED = (
    "PDF, Word (.docx), PowerPoint (.pptx), Excel (.xlsx, .xls), OpenDocument (.odt, .odp, .ods), RTF, EPUB, web pages (.html), "
    "Markdown (.md), plain text (.txt), tables (.csv, .tsv), JSON (.json, .jsonl), XML (.xml), e-mail (.eml) and "
    "images (.png, .jpg, .gif, .webp, .tiff, .bmp)"
)
_BY_TYPE = {kind.value: kind for kind in Kind} | {
    "application/x-pdf": Kind.PDF,
    "application/xhtml+xml": Kind.HTML,
    "text/x-markdown": Kind.MARKDOWN,
    "text/rtf": Kind.RTF,
    "application/x-rtf": Kind.RTF,
    "text/richtext": Kind.RTF,
    "application/csv": Kind.CSV,
    "text/x-csv": Kind.CSV,
    "text/json": Kind.JSON,
    "application/ld+json": Kind.JSON,
    "application/geo+json": Kind.JSON,
    "application/x-ndjson": Kind.JSONL,
    "application/x-jsonlines": Kind.JSONL,
    "application/jsonlines": Kind.JSONL,
    "text/xml": Kind.XML,
    "application/rss+xml": Kind.XML,
    "application/atom+xml": Kind.XML,
    "image/jpg": Kind.JPEG,
    "image/pjpeg": Kind.JPEG,
    "image/x-ms-bmp": Kind.BMP,
    "image/x-png": Kind.PNG,
    "application/vnd.ms-word.document.macroenabled.12": Kind.DOCX,
    "application/vnd.ms-excel.sheet.macroenabled.12": Kind.XLSX,
    "application/vnd.ms-powerpoint.presentation.macroenabled.12": Kind.PPTX,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template": Kind.DOCX,
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow": Kind.PPTX,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template": Kind.XLSX,
}
# What no standard type is registered for, or what is plainly text under a name of its own.
_WRITTEN = (
    *("txt", "text", "log", "rst", "adoc", "asciidoc", "tex", "srt", "vtt", "ini", "cfg", "conf", "toml", "yaml", "yml"),
    *("properties", "sql", "sh", "bat", "ps1", "py", "js", "ts", "jsx", "tsx", "java", "kt", "c", "h", "cc", "cpp"),
    *("hpp", "cs", "go", "rs", "rb", "php", "pl", "lua", "r", "swift", "scala", "css", "scss", "diff", "patch", "ics"),
    "vcf",
)
_BY_EXTENSION = {f".{name}": Kind.TEXT for name in _WRITTEN} | {
    ".pdf": Kind.PDF,
    ".html": Kind.HTML,
    ".htm": Kind.HTML,
    ".xhtml": Kind.HTML,
    ".md": Kind.MARKDOWN,
    ".markdown": Kind.MARKDOWN,
    ".docx": Kind.DOCX,
    ".docm": Kind.DOCX,
    ".dotx": Kind.DOCX,
    ".pptx": Kind.PPTX,
    ".pptm": Kind.PPTX,
    ".ppsx": Kind.PPTX,
    ".xlsx": Kind.XLSX,
    ".xlsm": Kind.XLSX,
    ".xls": Kind.XLS,
    ".odt": Kind.ODT,
    ".ott": Kind.ODT,
    ".odp": Kind.ODP,
    ".ods": Kind.ODS,
    ".rtf": Kind.RTF,
    ".epub": Kind.EPUB,
    ".csv": Kind.CSV,
    ".tsv": Kind.TSV,
    ".tab": Kind.TSV,
    ".json": Kind.JSON,
    ".geojson": Kind.JSON,
    ".ipynb": Kind.JSON,
    ".jsonl": Kind.JSONL,
    ".ndjson": Kind.JSONL,
    ".eml": Kind.EMAIL,
    ".xml": Kind.XML,
    ".rss": Kind.XML,
    ".atom": Kind.XML,
    ".png": Kind.PNG,
    ".jpg": Kind.JPEG,
    ".jpeg": Kind.JPEG,
    ".gif": Kind.GIF,
    ".webp": Kind.WEBP,
    ".tif": Kind.TIFF,
    ".tiff": Kind.TIFF,
    ".bmp": Kind.BMP,
}
# Browsers say these of a file that they do not know, and of Markdown; its name then tells more. Windows calls a CSV Excel's.
_VAGUE_TYPES = {"", "application/octet-stream", "binary/octet-stream", "application/zip", "application/x-zip-compressed"} | {
    "text/plain",
    "application/vnd.ms-excel",
}


def accepted_type(title: str, content_type: str) -> str:
    """The canonical content type that the name and the declared type agree on; a vague type leaves it to the extension.

    Raises RejectedFileError(unsupported_type) that lists what is accepted.
    """
    kind = declared_kind(title, content_type)
    if kind is None:
        if what := _old_by_name(title, content_type):
            raise old(what)
        declared = _bare(content_type)
        what = declared if declared not in _VAGUE_TYPES else _extension(title) or "A file whose name has no extension"
        raise RejectedFileError(FailureCode.UNSUPPORTED_TYPE, f"{what[:80]} cannot be read yet. Accepted are {ACCEPTED}.")
    return kind.value


def declared_kind(title: str, content_type: str) -> Kind | None:
    """What the name and the type say that the file is; None where neither says anything that is read."""
    declared = _bare(content_type)
    by_type, by_extension = _BY_TYPE.get(declared), _BY_EXTENSION.get(_extension(title))
    if declared in _VAGUE_TYPES:
        return by_extension or by_type
    return by_type or by_extension or (Kind.TEXT if declared.startswith("text/") else None)


def unsupported(what: str) -> RejectedFileError:
    """The refusal of content that is recognised and not read."""
    return RejectedFileError(
        FailureCode.UNSUPPORTED_TYPE, f"The file is {what}, which cannot be read yet. Accepted are {ACCEPTED}."
    )


def old(what: str) -> RejectedFileError:
    """The refusal of a format that its own program can save as one that is read."""
    return RejectedFileError(FailureCode.UNSUPPORTED_TYPE, f"The file is {what}, and upload that.")


def sniff(path: Path, content_type: str) -> Kind:
    """What the file's content is; the declared type tells apart only what is all text.

    Raises RejectedFileError: empty, unsupported_type, encrypted, or corrupt for a file that is not what its type says.
    """
    from shared.ingest.sniffing import kind_of_file  # noqa: PLC0415 - Who only compares names needs no parsers.

    return kind_of_file(path, _BY_TYPE.get(content_type, Kind.TEXT))


def sniff_head(head: bytes, title: str, content_type: str) -> Kind:
    """What the file that begins so is; what these bytes cannot decide is left to the declared kind, and to `sniff` later.

    Raises RejectedFileError as `sniff`.
    """
    from shared.ingest.sniffing import kind_of_head  # noqa: PLC0415 - As above.

    return kind_of_head(head, declared_kind(title, content_type), _old_by_name(title, content_type))


def _old_by_name(title: str, content_type: str) -> str:
    return _OLD.get(_extension(title), "") or _OLD.get(_bare(content_type), "")


def _bare(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _extension(title: str) -> str:
    return PurePosixPath(title.strip().lower()).suffix
