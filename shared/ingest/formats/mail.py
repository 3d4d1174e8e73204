"""E-mail: who wrote to whom, what and when. Messages within it are read in their place, and its attachments are put beside it."""

from collections import Counter
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path, PurePosixPath
from typing import cast

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind, TextPage
from shared.ingest.encoding import decode
from shared.ingest.extraction import Attachment, Extraction, Layout
from shared.ingest.formats.plain import read_plain
from shared.ingest.formats.webpage import read_html
from shared.ingest.limits import MAX_ATTACHMENTS, MAX_MAIL_BYTES, MAX_MAIL_PARTS
from shared.ingest.normal import clean
from shared.ingest.pages import PageBuilder

_HEADERS = ("From", "To", "Cc", "Date")
_HEADER_CHARACTERS = 2_000
_NAME_CHARACTERS = 120
# What the parser of headers is known to raise on those that keep to no standard.
_MISREAD = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError)
_UTF8_MARK = b"\xef\xbb\xbf"
_PGP = "-----BEGIN PGP MESSAGE-----"
_SIGNATURES = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
_BODIES = {"text/plain", "text/html"}
_SMIME = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
# Of two versions of a text the richer, unless it is little more than a pointer to the other.
_HARDLY_THE_SAME = 0.5


def layout(_: Path) -> Layout:
    """One part, without pages."""
    return Layout()


def read(path: Path, _: int) -> Extraction:
    """The whole message. Raises RejectedFileError: corrupt, encrypted, too_large."""
    if path.stat().st_size > MAX_MAIL_BYTES:
        limit = MAX_MAIL_BYTES // (1024 * 1024)
        message = f"E-mails may have up to {limit} MB. Save the attachments apart, and upload those."
        raise RejectedFileError(FailureCode.TOO_LARGE, message)
    letter = _Letter(path.parent)
    letter.add(_parsed(path))
    return letter.extraction()


def _parsed(path: Path) -> EmailMessage:
    """Read in pieces, since a mail is mostly attachments. Some programs save a whole message in UTF-16."""
    parser = BytesParser(policy=policy.default)
    with path.open("rb") as file:
        head = file.read(4)
        if b"\x00" in head or head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return parser.parsebytes(decode(head + file.read()).removeprefix("\ufeff").encode())
        file.seek(len(_UTF8_MARK) if head.startswith(_UTF8_MARK) else 0)
        return parser.parse(file)


class _Letter:
    """What was read of a message by now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._page = PageBuilder(None)
        self._attachments: list[Attachment] = []
        self._left_out: Counter[str] = Counter()
        self._parts = 0
        self._locked = False
        self._has_body = False

    def add(self, message: EmailMessage, level: int = 1) -> None:
        """A message, or one within it: its subject as a heading, its other headers, then its parts."""
        self._page.add(BlockKind.HEADING, _header(message, "Subject"), min(level, 6))
        headers = ((name, _header(message, name)) for name in _HEADERS)
        self._page.add(BlockKind.PARAGRAPH, "\n".join(f"{name}: {text}" for name, text in headers if text))
        self._add_part(message, level)

    def extraction(self) -> Extraction:
        """All of it. Raises RejectedFileError(encrypted) where the text is."""
        if self._locked and not self._has_body:
            message = "The message is encrypted. Open it in your mail program, save it without encryption, and upload that."
            raise RejectedFileError(FailureCode.ENCRYPTED, message)
        page = self._page.build()
        notes = tuple(f"{what} ({count:,})." if count > 1 else f"{what}." for what, count in self._left_out.items())
        return Extraction(pages=(page,), characters=len(page.text), attachments=tuple(self._attachments), notes=notes)

    def _add_part(self, part: EmailMessage, level: int) -> None:
        self._parts += 1
        if self._parts > MAX_MAIL_PARTS:
            message = f"The message has more than {MAX_MAIL_PARTS:,} parts. Save those that matter, and upload them."
            raise RejectedFileError(FailureCode.TOO_LARGE, message)
        kind = part.get_content_type()
        if kind == "multipart/encrypted" or (kind in _SMIME and part.get_param("smime-type") != "signed-data"):
            self._locked = True
        elif kind == "message/rfc822":
            for inner in _inner(part):
                self.add(inner, level + 1)
        elif kind == "multipart/alternative":
            self._add_best(part, level)
        elif part.is_multipart():
            for inner in _inner(part):
                self._add_part(inner, level)
        elif kind in _BODIES and not _is_attached(part):
            self._add_text(_text(part))
        elif kind not in _SIGNATURES:
            self._attach(part)

    def _add_best(self, part: EmailMessage, level: int) -> None:
        """One of the versions of a text: the last is the richest. A version that holds files keeps them."""
        versions = [inner for inner in _inner(part) if inner.get_content_type() in _BODIES]
        read = [(len(page.text), page) for page in map(_text, versions) if page.text]
        for inner in _inner(part):
            if inner not in versions:
                self._add_part(inner, level)
        if read and not any(inner.is_multipart() for inner in _inner(part)):
            longest = max(length for length, _ in read)
            self._add_text([page for length, page in read if length >= _HARDLY_THE_SAME * longest][-1])

    def _add_text(self, page: TextPage) -> None:
        if page.text.lstrip().startswith(_PGP):
            self._locked = True
            return
        self._has_body = self._has_body or bool(page.text)
        for block in page.blocks:
            self._page.add(block.kind, page.text[block.start : block.end], block.level)

    def _attach(self, part: EmailMessage) -> None:
        """Write the part beside the message under a number of ours: its own name is never a path."""
        kind, name = part.get_content_type(), _name(part)
        if kind.startswith("image/") and part.get("Content-ID") and not _is_attached(part):
            self._left_out["A picture within the text was left out"] += 1
            return
        if len(self._attachments) >= MAX_ATTACHMENTS:
            self._left_out[f"An attachment beyond the first {MAX_ATTACHMENTS} was left out"] += 1
            return
        content = _content(part)
        if not content:
            self._left_out[f"The attachment {name or 'without a name'} is empty"] += 1
            return
        number = len(self._attachments) + 1
        file = f"attachment-{number:03d}"
        (self._folder / file).write_bytes(content)
        named = name or f"Attachment {number}"
        self._attachments.append(Attachment(name=named, file=file, content_type=kind, size_bytes=len(content)))


def _inner(part: EmailMessage) -> Sequence[EmailMessage]:
    payload = part.get_payload()
    return cast("list[EmailMessage]", payload) if isinstance(payload, list) else []


def _is_attached(part: EmailMessage) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _content(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: EmailMessage) -> TextPage:
    """The part as a page; one that is no text is empty."""
    content = _content(part)
    try:
        if part.get_content_type() == "text/html":
            return read_html(content)
        return read_plain(decode(content, part.get_content_charset()))
    except RejectedFileError as refusal:
        if refusal.failure is not FailureCode.UNSUPPORTED_TYPE:
            raise
        return read_plain("")


def _header(message: EmailMessage, name: str) -> str:
    try:
        value = message.get(name, "")
    except _MISREAD:
        value = next((raw for key, raw in message.raw_items() if key.lower() == name.lower()), "")
    return " ".join(clean(str(value)).split())[:_HEADER_CHARACTERS]


def _name(part: EmailMessage) -> str:
    """The attachment's name without folders, on one line, its extension kept."""
    name = PurePosixPath(" ".join(clean(part.get_filename() or "").replace("\\", "/").split())).name
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix[:20]
    return stem[: _NAME_CHARACTERS - len(suffix)] + suffix
