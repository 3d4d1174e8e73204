import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.kinds import ACCEPTED, Kind, accepted_type, sniff


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
    ],
)
def test_a_declared_type_becomes_canonical_and_a_vague_one_leaves_it_to_the_extension(title, content_type, canonical):
    assert accepted_type(title, content_type) == canonical


@pytest.mark.parametrize(
    ("title", "content_type"),
    [
        ("letter.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("letter.docx", ""),
        ("photo.png", "image/png"),
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
        (b"PK\x03\x04rest", "Office"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Office"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"MZ\x90\x00\x03\x00\x00\x00\x04\x00", "program"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"{\\rtf1 text}", "RTF"),
        (b"a" * 257 + b"ustar\x0000", "tar"),
        (bytes(range(1, 9)) * 50, "binary"),
    ],
)
def test_a_foreign_file_under_a_text_name_is_refused_by_what_it_is(tmp_path, content, what):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(RejectedFileError, match=what) as refusal:
        sniff(path, "text/plain")
    assert refusal.value.failure is FailureCode.UNSUPPORTED_TYPE


def test_a_file_without_a_byte_is_empty(tmp_path):
    path = tmp_path / "upload"
    path.touch()
    with pytest.raises(RejectedFileError) as refusal:
        sniff(path, "text/plain")
    assert refusal.value.failure is FailureCode.EMPTY


def test_a_pdf_in_name_alone_is_corrupt(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(b"not a portable document")
    with pytest.raises(RejectedFileError) as refusal:
        sniff(path, "application/pdf")
    assert refusal.value.failure is FailureCode.CORRUPT
