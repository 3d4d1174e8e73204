"""EPUB: each file of the reading order is a page, its XHTML read as web pages are, but whole."""

import posixpath
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind
from shared.ingest.archive import Archive, corrupt, opened_archive
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.flow import Book, Flow
from shared.ingest.formats.webpage import chapter_pieces
from shared.ingest.limits import MAX_HTML_BYTES, MAX_PAGES
from shared.ingest.xmlwalk import child, parse

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
# Fonts are made unreadable so as not to be lifted from a book; its text is not.
_FONT_METHODS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_READABLE = {"application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document"}


def layout(path: Path) -> Layout:
    """A page for each file of the reading order, all in one part. Raises RejectedFileError: corrupt, encrypted, too_large."""
    with opened_archive(path) as archive:
        count = len(_Package(archive).spine)
    if count > MAX_PAGES:
        message = f"The book has {count:,} chapters; up to {MAX_PAGES:,} can be read. Split it and upload the parts."
        raise RejectedFileError(FailureCode.TOO_LARGE, message)
    return Layout(pages=count)


def read(path: Path, _: int) -> Extraction:
    """The whole book, its title, authors and description on the first page. Raises as `layout`."""
    book = Book()
    with opened_archive(path) as archive:
        package = _Package(archive)
        for number, part in enumerate(package.spine, start=1):
            flow = Flow(number)
            if number == 1:
                package.introduce(flow)
            if part in archive:
                for kind, text, level in chapter_pieces(archive.read(part, MAX_HTML_BYTES)):
                    flow.put(kind, text, level)
            book.add(flow.build())
    return book.extraction()


class _Package:
    """The book's own list of what it has: `spine` names the entries in reading order."""

    def __init__(self, archive: Archive) -> None:
        _check_open(archive)
        listed = next(parse(archive.read(_CONTAINER)).iter("{*}rootfile"), None)
        part = listed.get("full-path") or "" if listed is not None else ""
        self._root = parse(archive.read(part))
        self._folder = posixpath.dirname(part)
        self.spine = self._read_spine()

    def introduce(self, flow: Flow) -> None:
        """Say what the book is. Raises RejectedFileError(too_large)."""
        flow.add(next(iter(self._said("title")), ""), BlockKind.HEADING, 1)
        authors = ", ".join(self._said("creator"))
        flow.add(f"Authors: {authors}" if authors else "")
        for description in self._said("description"):
            for piece in chapter_pieces(description.encode()):
                flow.add(piece.text)

    def _said(self, name: str) -> list[str]:
        metadata = child(self._root, "metadata")
        found = metadata.iter("{*}" + name) if metadata is not None else ()
        return [text for each in found if (text := "".join(each.itertext()).strip())]

    def _read_spine(self) -> tuple[str, ...]:
        manifest, spine = child(self._root, "manifest"), child(self._root, "spine")
        if manifest is None or spine is None:
            raise corrupt()
        items = {item.get("id"): item for item in manifest.iterchildren("{*}item")}
        found = [items.get(each.get("idref")) for each in spine.iterchildren("{*}itemref")]
        return tuple(self._entry(item) for item in found if item is not None and item.get("media-type") in _READABLE)

    def _entry(self, item: Any) -> str:
        """The item's name in the archive: hrefs are relative to the package's own file."""
        href = unquote(item.get("href", "")).partition("#")[0]
        return posixpath.normpath(posixpath.join(self._folder, href))


def _check_open(archive: Archive) -> None:
    if _ENCRYPTION not in archive:
        return
    for method in parse(archive.read(_ENCRYPTION)).iter("{*}EncryptionMethod"):
        if method.get("Algorithm") not in _FONT_METHODS:
            message = "The book is protected against copying. Upload one without such protection."
            raise RejectedFileError(FailureCode.ENCRYPTED, message)
