"""Bytes to text: what the bytes prove comes first, then what the file says of itself, then what is likely."""

import codecs
import re
from pathlib import Path
from typing import BinaryIO

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.limits import MAX_TEXT_BYTES
from shared.ingest.spelling import faults

# The longer first: UTF-32-LE begins with the mark of UTF-16-LE.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 64 * 1024
# Of the even or the odd bytes: text in a Latin script has nearly all, mixed text at least its spaces and digits.
_MOSTLY = 0.4
_HARDLY = 0.05
_CONTROL_SHARE = 0.02
_CONTROLS = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_ISO_2022_ESCAPES = re.compile(rb"\x1b(?:\$[@BCA()]|\([BJI])")
_WESTERN = "cp1252"
_JAPANESE = "euc_jp"
_KANA = re.compile("[\u3040-\u30ff]")
# The earlier where several fit alike.
_IN_USE = (
    *(_WESTERN, "cp1250", "iso8859_2", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "mac_roman"),
    *("cp1257", _JAPANESE),
)
_USUAL = {
    *(*_IN_USE, "latin_1", "cp932", "shift_jis", "gb18030", "gbk", "gb2312", "big5", "big5hkscs", "cp949", "euc_kr"),
    *("cp866", "cp874", "tis_620", "iso8859_5", "iso8859_6", "iso8859_7", "iso8859_8", "iso8859_9", "iso8859_13", "iso8859_15"),
} - {"mac_roman"}
_UNUSUAL = 0.5  # Faults.
_SPELLED_BYTES = 16 * 1024
# Nobody saves so, and Russian in KOI8-R passes for it.
_RARE = [
    "shift_jis_2004",
    "shift_jisx0213",
    "euc_jis_2004",
    "euc_jisx0213",
]


def decode(content: bytes, declared: str | None = None) -> str:
    """The text; `declared` is the charset that the file names in itself.

    Raises RejectedFileError: too_large, or unsupported_type where the bytes are no text.
    """
    if len(content) > MAX_TEXT_BYTES:
        limit = MAX_TEXT_BYTES // (1024 * 1024)
        raise RejectedFileError(
            FailureCode.TOO_LARGE, f"Text files may have up to {limit} MB. Split the file and upload the parts."
        )
    if is_binary(content[:_SAMPLE_BYTES]):
        raise _binary()
    for encoding in (_marked(content), _wide(content), _escaped(content), "utf-8", declared):
        if encoding is not None and (text := _strict(content, encoding)) is not None:
            return text
    # Replaced rather than refused: a few odd characters in a text are better than no text.
    return content.decode(_likely(content), "replace")


def encoding_of(path: Path) -> str:
    """The encoding of a text file that is too long to be decoded at once; the whole file is read, in pieces.

    Raises RejectedFileError(unsupported_type) where its beginning is no text.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE_BYTES)
        if is_binary(head):
            raise _binary()
        if (shown := _marked(head) or _wide(head) or _escaped(head)) is not None:
            return shown
        file.seek(0)
        strange = _first_not_utf8(file)
    if strange is None:
        return "utf-8"
    # Among many plain lines the few that tell would be lost.
    return _likely(b"\n".join(line for line in strange.split(b"\n") if not line.isascii()))


def _first_not_utf8(file: BinaryIO) -> bytes | None:
    """The first piece of the file that is not UTF-8; None for a file that is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    while piece := file.read(_SAMPLE_BYTES):
        try:
            decoder.decode(piece)
        except UnicodeDecodeError:
            return piece
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return error.object
    return None


def is_binary(sample: bytes) -> bool:
    """Whether the bytes are no text in any encoding: control characters that no mark or pattern of a wide encoding explains."""
    if _marked(sample) or _wide(sample):
        return False
    return len(_CONTROLS.findall(sample)) > _CONTROL_SHARE * len(sample)


def _marked(content: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)


def _wide(content: bytes) -> str | None:
    """UTF-16 without a mark shows in where its zero bytes stand."""
    # An even number of bytes, so that the last character is not cut in half.
    sample = content[: min(len(content), _SAMPLE_BYTES) // 2 * 2]
    if not sample:
        return None
    even, odd = sample[::2].count(0) * 2 / len(sample), sample[1::2].count(0) * 2 / len(sample)
    if odd > _MOSTLY and even < _HARDLY:
        return _if_decodes(sample, "utf-16-le")
    if even > _MOSTLY and odd < _HARDLY:
        return _if_decodes(sample, "utf-16-be")
    return None


def _if_decodes(sample: bytes, encoding: str) -> str | None:
    text = sample.decode(encoding, "replace")
    strange = sum(char == "\ufffd" or (char < " " and char not in "\t\n\r\f") for char in text)
    return encoding if strange <= _CONTROL_SHARE * len(text) else None


def _escaped(content: bytes) -> str | None:
    return "iso2022_jp_2" if _ISO_2022_ESCAPES.search(content[:_SAMPLE_BYTES]) else None


def _strict(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _likely(content: bytes) -> str:
    """The most likely old encoding; one in use whose words are spelled far better stands against what statistics say."""
    guess = _guess(content)
    strange = b"\n".join(line for line in content[:_SAMPLE_BYTES].split(b"\n") if not line.isascii())[:_SPELLED_BYTES]
    found = {each: _faults(strange, each, is_likely=each == guess) for each in dict.fromkeys((*_IN_USE, guess))}
    best = min(found, key=lambda each: found[each])
    return best if found[best] * 2 <= found[guess] and found[best] < found[guess] else guess


def _faults(content: bytes, encoding: str, *, is_likely: bool) -> float:
    """As `faults`, and a little more for an encoding that hardly anybody uses, or a Mac's that is not what statistics say."""
    text = content.decode(encoding, "replace")
    if encoding == _JAPANESE and not _KANA.search(text):
        return float(len(content))
    return faults(text) + (0.0 if encoding in _USUAL or (is_likely and encoding.startswith("mac_")) else _UNUSUAL)


def _guess(content: bytes) -> str:
    """By statistics; where Western fits as well as the best, Western, since it is the most used."""
    from charset_normalizer import from_bytes  # noqa: PLC0415 - 40 ms that UTF-8 files need not pay.

    matches = list(from_bytes(content[:_SAMPLE_BYTES], cp_exclusion=_RARE))
    if not matches:
        return _WESTERN
    best = matches[0]
    equals = [match.encoding for match in matches if match.chaos <= best.chaos and match.coherence >= best.coherence]
    return _WESTERN if _WESTERN in equals else best.encoding


def _binary() -> RejectedFileError:
    message = "The file holds binary data, not text. Save it as text, and upload that."
    return RejectedFileError(FailureCode.UNSUPPORTED_TYPE, message)
