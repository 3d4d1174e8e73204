"""Text as a person reads it: what fonts, typesetters and attackers put between the letters is taken out."""

import re
import unicodedata

_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f"  # Control characters; tab, line feed, form feed and next line stay for now.
    "\u00ad\u200b\u2060\ufeff"  # Soft hyphen, zero-width space, word joiner, byte order mark.
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # Direction marks: they change what is seen, not what is said.
    "\ue000-\uf8ff"  # Private use: a font's own symbols, which mean nothing without it.
    "\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"  # Specials and lone halves of pairs, which no store takes.
    "\U000e0000-\U000e007f"  # Tags: invisible ASCII, known as a carrier of hidden instructions.
    "]"
)
# Colours and moves of the cursor, as programs write them to a terminal and hence into logs.
_TERMINAL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PRESENTED = re.compile("[\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufdff\ufe70-\ufeff]+")
_BULLETS = dict.fromkeys((0xF0A7, 0xF0B7, 0xF0D8, 0xF0FC), "\u2022")  # Symbol and Wingdings, as Word writes them.
_LINE_ENDS = re.compile("\r\n?|\x0b|\x0c|\x85|\u2028|\u2029")
_SPACES = re.compile("[\t \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")


def clean(text: str) -> str:
    """NFC without invisible characters, ligatures and presentation forms as letters, every line end a line feed."""
    if text.isascii() and text.isprintable():
        return text
    if "\x1b" in text:
        text = _TERMINAL.sub("", text)
    text = _LINE_ENDS.sub("\n", text)
    text = _INVISIBLE.sub("", text.translate(_BULLETS))
    text = _PRESENTED.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    return unicodedata.normalize("NFC", text)


def squeeze(text: str) -> str:
    """One space for each run of spaces within a line, none at its ends; line feeds stay."""
    return "\n".join(_SPACES.sub(" ", line).strip(" ") for line in text.split("\n"))
