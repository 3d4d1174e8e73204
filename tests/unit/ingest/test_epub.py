from pathlib import Path

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest import limits
from shared.ingest.formats.epub import layout, read
from tests.unit.ingest.samples import block_list, write_zip

CONTAINER = '<container xmlns="urn:c"><rootfiles><rootfile full-path="OEBPS/a.opf"/></rootfiles></container>'
ENCRYPTED = '<encryption><EncryptedData><EncryptionMethod Algorithm="{}"/></EncryptedData></encryption>'


def book(path: Path, spine: tuple[str, ...], metadata: str = "", **entries: str) -> Path:
    items = "".join(f'<item id="{name}" href="text/{name}%201.xhtml" media-type="application/xhtml+xml"/>' for name in set(spine))
    order = "".join(f'<itemref idref="{name}"/>' for name in spine)
    opf = (
        f'<package xmlns:dc="urn:dc"><metadata>{metadata}</metadata><manifest>{items}</manifest><spine>{order}</spine></package>'
    )
    chapters = {f"OEBPS/text/{name} 1.xhtml": content for name, content in entries.items() if "/" not in name}
    others = {name: content for name, content in entries.items() if "/" in name}
    named = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "OEBPS/a.opf": opf}
    return write_zip(path / "a.epub", named | chapters | others)


def page(body: str) -> str:
    head = "<?xml version='1.0'?><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.1//EN' 'http://192.0.2.1/x.dtd'>"
    return f"{head}<html xmlns='http://www.w3.org/1999/xhtml'><head><title>Book</title></head><body>{body}</body></html>"


def test_chapters_are_pages_in_reading_order(tmp_path):
    path = book(tmp_path, ("b", "a"), a=page("<h2>Seals</h2><p>swim</p>"), b=page("<h1>Whales</h1><ol><li>sing</li></ol>"))
    pages = read(path, 0).pages
    assert layout(path).pages == 2
    assert [(each.number, block_list(each)) for each in pages] == [
        (1, [("heading", 1, "Whales"), ("list_item", 0, "1. sing")]),
        (2, [("heading", 2, "Seals"), ("paragraph", 0, "swim")]),
    ]


def test_the_book_is_introduced_by_its_metadata(tmp_path):
    said = "<dc:title>Sea</dc:title><dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator>"
    said += "<dc:description>On &lt;i>life&lt;/i>.</dc:description>"
    found = block_list(read(book(tmp_path, ("a",), said, a=page("<p>x</p>")), 0).pages[0])
    assert found[:3] == [("heading", 1, "Sea"), ("paragraph", 0, "Authors: Ann, Bob"), ("paragraph", 0, "On life.")]


def test_hidden_text_and_entities_are_not_read(tmp_path):
    body = page("<p>Seen</p><p style='display:none'>secret</p><script>secret()</script>")
    bomb = "<!DOCTYPE html [<!ENTITY x 'secret'>]><html><body><p>b&x;</p></body></html>"
    pages = read(book(tmp_path, ("a", "b"), a=body, b=bomb), 0).pages
    assert pages[0].text == "Seen"
    assert "secret" not in pages[1].text.removeprefix("b")


def test_a_chapter_that_is_not_there_is_an_empty_page(tmp_path):
    assert [each.text for each in read(book(tmp_path, ("a", "gone"), a=page("x")), 0).pages] == ["x", ""]


@pytest.mark.parametrize(
    ("method", "opens"),
    [("http://www.idpf.org/2008/embedding", True), ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", False)],
)
def test_a_protected_book_is_told_and_one_whose_fonts_alone_are_is_read(tmp_path, method, opens):
    path = book(tmp_path, ("a",), **{"a": page("Text"), "META-INF/encryption.xml": ENCRYPTED.format(method)})
    if opens:
        assert read(path, 0).pages[0].text == "Text"
        return
    with pytest.raises(RejectedFileError) as refusal:
        read(path, 0)
    assert refusal.value.failure is FailureCode.ENCRYPTED


@pytest.mark.parametrize("container", ["<container/>", "no xml", CONTAINER.replace("OEBPS", "../..")])
def test_a_book_without_its_list_is_corrupt(tmp_path, container):
    with pytest.raises(RejectedFileError) as refusal:
        read(write_zip(tmp_path / "a.epub", {"META-INF/container.xml": container}), 0)
    assert refusal.value.failure is FailureCode.CORRUPT


def test_more_chapters_than_the_limit_are_refused(tmp_path):
    with pytest.raises(RejectedFileError, match="5,001 chapters") as refusal:
        layout(book(tmp_path, ("a",) * (limits.MAX_PAGES + 1), a=page("x")))
    assert refusal.value.failure is FailureCode.TOO_LARGE
