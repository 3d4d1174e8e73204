"""RTF as what it is made of: groups, control words and bytes of text. Source: Rich Text Format Specification, 1.9.1."""

import re
from collections.abc import Iterator
from mmap import mmap
from typing import NamedTuple

_TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})?\ ?"
    rb"|\\'(?P<hex>[0-9a-fA-F]{2})"
    rb"|\\(?P<symbol>[^a-zA-Z'])"
    rb"|(?P<brace>[{}])"
    rb"|(?P<text>[^\\{}\r\n]{1,65536})",
    re.DOTALL,
)
# Source: the specification's table of \fcharset.
_PAGES = {
    0: "cp1252",
    2: "cp1252",
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gbk",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp437",
}


class Token(NamedTuple):
    """A brace as its own word, a control word with its number, a symbol as its word, or bytes of text where the word is empty."""

    word: str
    number: int | None = None
    content: bytes = b""


def tokens(source: mmap | bytes) -> Iterator[Token]:
    """The file's tokens; binary data is passed over."""
    position = 0
    while (match := _TOKEN.search(source, position)) is not None:
        position = match.end()
        if match["word"] == b"bin":
            position += max(0, int(match["number"] or 0))
        elif match["word"] is not None:
            yield Token(match["word"].decode(), int(match["number"]) if match["number"] else None)
        elif match["hex"] is not None:
            yield Token("", None, bytes.fromhex(match["hex"].decode()))
        elif match["brace"] is not None:
            yield Token(match["brace"].decode())
        elif (symbol := match["symbol"]) is not None:
            # What is escaped is text, a line's end is a paragraph's, and the rest are control words of one sign.
            yield (
                Token("", None, symbol) if symbol in b"{}\\" else Token("par" if symbol in b"\r\n" else symbol.decode("latin-1"))
            )
        else:
            yield Token("", None, match["text"])


def code_page(charset: int | None) -> str | None:
    """The encoding of a font's character set; None for the document's own."""
    return _PAGES.get(charset or 0) if charset not in {None, 1} else None
