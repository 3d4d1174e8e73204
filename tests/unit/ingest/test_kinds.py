import random
import struct

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest import ole
from shared.ingest.kinds import ACCEPTED, Kind, accepted_type, sniff, sniff_head
from tests.unit.ingest.samples import write_zip


@pytest.mark.parametrize(
    ("title", "content_type", "canonical"),
    [
        ("report.pdf", "application/pdf", "application/pdf"),
        ("REPORT.PDF", "application/octet-stream", "application/pdf"),
        ("notes.md", "", "text/markdown"),
        ("notes.md", "text/plain", "text/markdown"),
        ("page.htm", "text/html; charset=windows-1252", "text/html"),
        ("page", "application/xhtml+xml", "text/html"),
        ("read me", "text/plain", "text/plain"),
        ("notes.txt", "application/octet-stream", "text/plain"),
        ("letter.docx", "", Kind.DOCX),
        ("letter.DOCX", "application/zip", Kind.DOCX),
        ("sums.csv", "application/vnd.ms-excel", "text/csv"),
        ("sums.xls", "application/vnd.ms-excel", Kind.XLS),
        ("feed", "application/rss+xml", "application/xml"),
        ("photo", "image/jpg", "image/jpeg"),
        ("main.py", "text/x-python", "text/plain"),
        ("paper.tex", "application/x-tex", "text/plain"),
        ("people.vcf", "", "text/plain"),
        ("study.ipynb", "", "application/json"),
    ],
)
def test_a_declared_type_becomes_canonical_and_a_vague_one_leaves_it_to_the_extension(title, content_type, canonical):
    assert accepted_type(title, content_type) == canonical


@pytest.mark.parametrize(
    ("title", "content_type"),
    [
        ("film.mp4", "video/mp4"),
        ("letter.wpd", ""),
        ("chip.v", ""),
        ("archive.zip", "application/zip"),
        ("nothing", "application/octet-stream"),
    ],
)
def test_a_type_that_is_not_read_is_refused_with_a_list_of_those_that_are(title, content_type):
    with pytest.raises(RejectedFileError) as refusal:
        accepted_type(title, content_type)
    assert refusal.value.failure is FailureCode.UNSUPPORTED_TYPE
    assert ACCEPTED in refusal.value.message


@pytest.mark.parametrize(
    ("content", "declared", "kind"),
    [
        (b"junk before\n%PDF-1.7\n", "text/plain", Kind.PDF),
        (b"\xef\xbb\xbf <!-- saved --> <!DOCTYPE html><p>x", "text/plain", Kind.HTML),
        (b"<?xml version='1.0'?><html>", "text/markdown", Kind.HTML),
        ("<html>".encode("utf-16"), "text/plain", Kind.HTML),
        (b"<p>no root</p>", "text/html", Kind.HTML),
        (b"<p>no root</p>", "text/plain", Kind.TEXT),
        (b"# Title", "text/markdown", Kind.MARKDOWN),
        (b"# Title", "", Kind.TEXT),
        (b"MZ is how Zbikowski signs; BM is a bitmap", "text/plain", Kind.TEXT),
        ("Grüße".encode("utf-16-le"), "text/plain", Kind.TEXT),
    ],
)
def test_content_decides_what_a_file_is(tmp_path, content, declared, kind):
    path = tmp_path / "upload"
    path.write_bytes(content)
    assert sniff(path, declared) is kind


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"MZ\x90\x00\x03\x00\x00\x00\x04\x00", "program"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"PK\x05\x06" + bytes(18), "empty ZIP"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt \x00\x00", "sound"),
        (b"a" * 257 + b"ustar\x0000", "tar"),
        (bytes(range(1, 9)) * 50, "binary"),
    ],
)
@pytest.mark.parametrize("read", ["file", "head"])
def test_a_foreign_file_under_a_text_name_is_refused_by_what_it_is(tmp_path, read, content, what):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(RejectedFileError, match=what) as refusal:
        sniff(path, "text/plain") if read == "file" else sniff_head(content, "notes.txt", "text/plain")
    assert refusal.value.failure is FailureCode.UNSUPPORTED_TYPE


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{\\rtf1 text}", Kind.RTF),
        (b"\x89PNG\r\n\x1a\n", Kind.PNG),
        (b"\xff\xd8\xff\xe0", Kind.JPEG),
        (b"GIF89a\x01\x00\x01\x00\x00\x00", Kind.GIF),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", Kind.WEBP),
        (b"II*\x00\x08\x00\x00\x00", Kind.TIFF),
        (b"BM\x00\x01\x00\x00\x00\x00\x00\x00", Kind.BMP),
        (b"<?xml version='1.0'?><!-- a > b --><rss version='2.0'>", Kind.XML),
    ],
)
def test_a_signature_outweighs_name_and_type(tmp_path, content, kind):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    assert (sniff(path, "text/plain"), sniff_head(content, "notes.txt", "text/plain")) == (kind, kind)


@pytest.mark.parametrize(
    ("declared", "content", "kind"),
    [
        (Kind.CSV, b"a,b\n1,2\n", Kind.CSV),
        (Kind.TSV, b"a\tb\n", Kind.TSV),
        (Kind.JSON, b"[1]", Kind.JSON),
        (Kind.JSONL, b"{}\n{}", Kind.JSONL),
        (Kind.XML, b"<?xml version='1.0'?><a/>", Kind.XML),
        (Kind.XML, b"no markup", Kind.TEXT),
        (Kind.EMAIL, b"From: a@b.example\n\nHi", Kind.EMAIL),
        (Kind.CSV, b"<!doctype html><p>Sign in", Kind.HTML),
    ],
)
def test_text_is_what_it_is_declared_to_be_unless_it_begins_otherwise(tmp_path, declared, content, kind):
    path = tmp_path / "upload"
    path.write_bytes(content)
    assert sniff(path, declared.value) is kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xef\xbb\xbf<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table>", Kind.HTML),
        (b"<meta charset=utf-8><style>td{}</style>\n<table border=1><tr><td>1", Kind.HTML),
        (b"<?xml version='1.0'?>\n<?mso-application progid='Excel.Sheet'?>\n<Workbook xmlns='urn:x'>", Kind.XML),
        (b"<?xml version='1.0'?><ss:Workbook xmlns:ss='urn:x'>", Kind.XML),
        (b"Name\tTown\r\nAnna\tOslo\r\n", Kind.TSV),
        ("Name\tTown\r\nAnna\tOslo\r\n".encode("utf-16"), Kind.TSV),
        (b"Name;Town\r\nAnna;Oslo\r\n", Kind.CSV),
    ],
)
def test_what_is_exported_as_a_workbook_and_is_none_is_what_its_content_is(tmp_path, content, kind):
    path = tmp_path / "upload"
    path.write_bytes(content)
    assert (sniff(path, Kind.XLS.value), sniff_head(content, "report.xls", "application/vnd.ms-excel")) == (kind, kind)


def types(main: str) -> str:
    return f'<Types><Override PartName="/x.xml" ContentType="application/vnd.openxmlformats-officedocument.{main}+xml"/></Types>'


PADDING = {f"docProps/thumbnail{number}": random.Random(number).randbytes(4000) for number in range(3)}
ZIPPED = [
    ({"[Content_Types].xml": types("wordprocessingml.document.main")}, Kind.DOCX),
    ({"[Content_Types].xml": types("presentationml.slideshow.main")}, Kind.PPTX),
    ({"[Content_Types].xml": types("spreadsheetml.sheet.main")}, Kind.XLSX),
    ({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": ""}, Kind.XLSX),
    ({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""}, Kind.ODT),
    ({"mimetype": "application/vnd.oasis.opendocument.presentation"}, Kind.ODP),
    ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, Kind.ODS),
    ({"mimetype": "application/epub+zip\n"}, Kind.EPUB),
]


@pytest.mark.parametrize(("entries", "kind"), ZIPPED)
def test_a_zip_is_what_lies_in_it_whatever_its_name(tmp_path, entries, kind):
    path = write_zip(tmp_path / "upload", entries)
    assert sniff(path, "text/plain") is kind
    assert sniff_head(path.read_bytes()[:8192], "notes.txt", "text/plain") is kind


def test_a_zip_whose_beginning_says_nothing_is_taken_for_what_it_is_declared_and_decided_later(tmp_path):
    path = write_zip(tmp_path / "upload", PADDING | {"[Content_Types].xml": types("presentationml.presentation.main")})
    assert sniff_head(path.read_bytes()[:8192], "a.docx", "") is Kind.DOCX
    assert sniff(path, Kind.DOCX.value) is Kind.PPTX


def test_a_plain_zip_is_refused(tmp_path):
    path = write_zip(tmp_path / "upload", {"a.txt": "text"})
    for refused in (lambda: sniff(path, Kind.DOCX.value), lambda: sniff_head(path.read_bytes(), "a.zip", "application/zip")):
        with pytest.raises(RejectedFileError, match="ZIP archive") as refusal:
            refused()
        assert refusal.value.failure is FailureCode.UNSUPPORTED_TYPE


@pytest.mark.parametrize(
    ("name", "failure", "sentence"),
    [
        ("EncryptedPackage", FailureCode.ENCRYPTED, "password"),
        ("WordDocument", FailureCode.UNSUPPORTED_TYPE, "save it as .docx"),
        ("PowerPoint Document", FailureCode.UNSUPPORTED_TYPE, "save it as .pptx"),
        ("__properties_version1.0", FailureCode.UNSUPPORTED_TYPE, "save it as .eml"),
        ("Something", FailureCode.UNSUPPORTED_TYPE, "new format"),
    ],
)
def test_an_ole_container_is_refused_by_what_stands_at_its_root(tmp_path, name, failure, sentence):
    path = tmp_path / "upload"
    path.write_bytes(container(name))
    with pytest.raises(RejectedFileError, match=sentence) as refusal:
        sniff(path, Kind.DOCX.value)
    assert refusal.value.failure is failure


def test_an_old_workbook_is_read_though_a_word_document_lies_inside(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(container("Workbook", inside="WordDocument"))
    assert sniff(path, "text/plain") is Kind.XLS


@pytest.mark.parametrize(
    ("name", "failure"), [("EncryptedPackage", FailureCode.ENCRYPTED), ("WordDocument", FailureCode.UNSUPPORTED_TYPE)]
)
def test_the_beginning_of_an_ole_container_tells_it_too(name, failure):
    with pytest.raises(RejectedFileError) as refusal:
        sniff_head(container(name), "a.docx", "")
    assert refusal.value.failure is failure


def test_an_ole_container_whose_names_are_not_shown_is_decided_later():
    assert sniff_head(ole.MAGIC + bytes(600), "a.xls", "") is Kind.XLS


@pytest.mark.parametrize(
    ("title", "content_type", "save_as"),
    [("a.doc", "", ".docx"), ("a", "application/msword", ".docx"), ("a.PPT", "", ".pptx"), ("a.msg", "", ".eml")],
)
def test_an_old_format_is_refused_by_its_name_with_what_to_save_it_as(title, content_type, save_as):
    for refused in (lambda: sniff_head(ole.MAGIC + bytes(600), title, content_type), lambda: accepted_type(title, content_type)):
        with pytest.raises(RejectedFileError, match=rf"save it as \{save_as}") as refusal:
            refused()
        assert refusal.value.failure is FailureCode.UNSUPPORTED_TYPE


def test_what_is_named_as_an_old_format_and_is_none_is_read():
    assert sniff_head(b"{\\rtf1 Written by Word.}", "a.doc", "application/msword") is Kind.RTF


@pytest.mark.parametrize("loops", [True, False])
def test_a_damaged_ole_container_is_corrupt(tmp_path, loops):
    path = tmp_path / "upload"
    path.write_bytes(container("") if loops else ole.MAGIC + bytes(20))
    with pytest.raises(RejectedFileError) as refusal:
        sniff(path, "text/plain")
    assert refusal.value.failure is (FailureCode.UNSUPPORTED_TYPE if loops else FailureCode.CORRUPT)


def container(name: str, inside: str = "") -> bytes:
    """An OLE2 file of one directory sector: the root, a storage of this name at it, whose siblings are itself, and one inside."""
    header = bytearray(512)
    header[:8] = ole.MAGIC
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<2I", header, 44, 1, 1)
    struct.pack_into("<109I", header, 76, 0, *[0xFFFFFFFF] * 108)
    table = struct.pack("<2I", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * 504
    return bytes(header) + table + _entry("Root Entry", 1) + _entry(name, 2, sibling=1) + _entry(inside, 0xFFFFFFFF) + bytes(128)


def _entry(name: str, below: int, sibling: int = 0xFFFFFFFF) -> bytes:
    written = name.encode("utf-16-le")
    entry = bytearray(128)
    entry[: len(written)] = written
    struct.pack_into("<H", entry, 64, len(written) + 2)
    struct.pack_into("<3I", entry, 68, sibling, sibling, below)
    return bytes(entry)


def test_a_file_without_a_byte_is_empty(tmp_path):
    path = tmp_path / "upload"
    path.touch()
    with pytest.raises(RejectedFileError) as refusal:
        sniff(path, "text/plain")
    assert refusal.value.failure is FailureCode.EMPTY


@pytest.mark.parametrize("kind", [Kind.PDF, Kind.DOCX, Kind.XLS, Kind.PNG, Kind.RTF])
def test_a_format_in_name_alone_is_corrupt(tmp_path, kind):
    path = tmp_path / "upload"
    path.write_bytes(b"not a portable document")
    with pytest.raises(RejectedFileError) as refusal:
        sniff(path, kind.value)
    assert refusal.value.failure is FailureCode.CORRUPT
