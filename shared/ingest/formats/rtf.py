"""RTF: one pass over its tokens. Notes and boxes stand by their paragraph; comments, deletions and hidden text are left out."""

from dataclasses import dataclass, field, replace
from mmap import ACCESS_READ, mmap
from pathlib import Path

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.flow import Book, Flow
from shared.ingest.limits import MAX_CHARACTERS
from shared.ingest.rtf_state import SETTINGS, WESTERN, State, Tables, encoding_of
from shared.ingest.rtf_tokens import Token, tokens

HIDDEN = "Text that the document does not show"
COMMENTS = "What reviewers commented"
_DEEPEST_GROUP = 1_000
_SYMBOLS = {
    "par": "\n",
    "sect": "\n",
    "page": "\n",
    "line": "\n",
    "tab": "\t",
    "emdash": "\u2014",
    "endash": "\u2013",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "bullet": "\u2022",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
    "~": "\u00a0",
    "_": "-",
}
_ENDS = {"par", "sect", "page", "nestcell"}
_SKIPPED = {
    *("info", "pict", "objdata", "objclass", "fldinst", "shprslt", "sp", "nonshppict", "filetbl", "revtbl", "listtable"),
    *("listoverridetable", "rsidtbl", "themedata", "colorschememapping", "latentstyles", "datastore", "xmlnstbl", "generator"),
    *("nonesttables", "template", "bkmkstart", "bkmkend", "private", "pgdsctbl", "mmathPr", "annotation", "atnid", "atnauthor"),
}
_STARRED = {"shpinst", "shptxt", "footnote", "annotation", "nesttableprops", "moMath", "listtext", "pntext"}
_HEADERS = {"header", "headerl", "headerr", "headerf"}
_FOOTERS = {"footer", "footerl", "footerr", "footerf"}
_BOXES = {"footnote", "shptxt", "listtext", "pntext", *_HEADERS, *_FOOTERS}


@dataclass
class _Box:
    """Text on its way: of the body's paragraph, or of a note, a header or a frame."""

    kind: str
    parts: list[str] = field(default_factory=list)


def layout(_: Path) -> Layout:
    """One part, without pages."""
    return Layout()


def read(path: Path, _: int) -> Extraction:
    """The whole document, as far as it goes where it is cut off. Raises RejectedFileError(too_large)."""
    reader = _Reader()
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as source:
        for token in tokens(source):
            reader.take(token)
    return reader.extraction()


class _Reader:
    """Where the pass has come to."""

    def __init__(self) -> None:
        self._book, self._flow = Book(), Flow(None)
        self._state, self._outer = State(), list[State]()
        self._boxes = [_Box("")]
        self._bytes = bytearray()
        self._passing = self._length = self._notes = 0
        self._starred = False
        self._tables = Tables()
        self._default = WESTERN
        self._marker = ""
        self._said_by = {"waiting": list[str](), "footers": list[str]()}
        self._seen: set[str] = set()
        self._row_open = self._cell_open = False

    def take(self, token: Token) -> None:
        """The next token."""
        if token.word in {"{", "}"}:
            self._flush()
            self._passing = 0
            (self._open if token.word == "{" else self._close)()
        elif token.word == "*":
            self._starred = True
        elif token.word:
            starred, self._starred = self._starred, False
            self._word(token, starred=starred)
        else:
            self._text(token.content)

    def extraction(self) -> Extraction:
        self._flush()
        while self._outer:
            self._close()
        self._end_paragraph()
        for footer in self._said_by["footers"]:
            self._flow.add(footer)
        self._book.add(self._flow.build())
        return self._book.extraction()

    def _open(self) -> None:
        if len(self._outer) >= _DEEPEST_GROUP:
            message = f"The file nests groups more than {_DEEPEST_GROUP:,} deep. Save it anew, and upload the new file."
            raise RejectedFileError(FailureCode.TOO_LARGE, message)
        self._outer.append(self._state)
        self._state = replace(self._state, boxed=False)

    def _close(self) -> None:
        if self._state.boxed:
            self._end_box()
        if self._outer:
            self._state = self._outer.pop()

    def _word(self, token: Token, *, starred: bool) -> None:
        word, number = token.word, token.number
        if self._state.skipped:
            return
        if word in _SKIPPED or (starred and word not in _STARRED):
            self._flush()
            self._book.left_out[COMMENTS] += word == "annotation"
            self._state.skipped = True
        elif word in {"fonttbl", "colortbl", "stylesheet"}:
            self._state.place = word
        elif word in _BOXES:
            self._begin_box(word)
        elif self._state.place:
            self._tables.word(self._state.place, word, number or 0)
        elif self._passing and (word in _SYMBOLS or word == "u"):
            self._passing -= 1
        elif word == "u":
            self._flush()
            self._say(chr((number or 0) % 0x10000))
            self._passing = self._state.fallback
        else:
            self._body_word(word, number)

    def _body_word(self, word: str, number: int | None) -> None:
        self._flush()
        if word in {"cell", "row"}:
            self._end_cell(word)
        elif word in _ENDS and len(self._boxes) == 1:
            self._end_paragraph()
        elif word in _SYMBOLS:
            self._say(_SYMBOLS[word])
        elif word in SETTINGS:
            SETTINGS[word](self._state, number)
        else:
            self._look_up(word, number or 0)

    def _look_up(self, word: str, number: int) -> None:
        match word:
            case "f":
                self._state.encoding = self._tables.fonts.get(number) or self._default
            case "s":
                self._state.level = self._tables.levels.get(number, 0)
            case "ansicpg":
                self._default = self._state.encoding = encoding_of(number)
            case "mac":
                self._default = self._state.encoding = "mac_roman"
            case "plain":
                plain = State(place="", fallback=self._state.fallback, in_table=self._state.in_table, level=self._state.level)
                self._state = replace(plain, boxed=self._state.boxed, encoding=self._default)

    def _text(self, content: bytes) -> None:
        if self._state.skipped:
            return
        if self._passing:
            passed = min(self._passing, len(content))
            self._passing -= passed
            content = content[passed:]
        if self._state.place:
            self._tables.text(self._state.place, content)
        else:
            self._bytes += content
            if len(self._bytes) > MAX_CHARACTERS:
                self._flush()

    def _flush(self) -> None:
        """Decode what bytes have come, all of one font."""
        if self._bytes:
            content, self._bytes = bytes(self._bytes), bytearray()
            self._say(content.decode(self._state.encoding, "replace"))

    def _say(self, text: str) -> None:
        state = self._state
        if state.skipped or state.deleted or state.place:
            return
        if text.strip() and (state.hidden or state.tiny or self._is_white_on_white()):
            self._book.left_out[HIDDEN] += 1
            return
        self._length += len(text)
        if self._length > MAX_CHARACTERS:
            message = f"The text is longer than {MAX_CHARACTERS:,} characters. Split the file into smaller ones and upload those."
            raise RejectedFileError(FailureCode.TOO_LARGE, message)
        self._boxes[-1].parts.append(text)

    def _is_white_on_white(self) -> bool:
        state = self._state
        shown = state.painted or state.in_table or len(self._boxes) > 1
        return not shown and self._tables.is_white(state.colour)

    def _begin_box(self, word: str) -> None:
        self._flush()
        if word == "footnote":
            self._notes += 1
            self._say(f"[{self._notes}]")
        self._boxes.append(_Box(word))
        self._state = replace(self._state, boxed=True, hidden=False, tiny=False, colour=0)

    def _end_box(self) -> None:
        box = self._boxes.pop()
        text = _joined(box.parts).strip()
        if box.kind in {"listtext", "pntext"}:
            self._marker = text
        elif box.kind == "footnote":
            self._said_by["waiting"].append(f"[{self._notes}] {text}")
        elif any(map(str.isalpha, text)) and (box.kind == "shptxt" or text not in self._seen):
            self._seen.add(text)
            self._said_by["footers" if box.kind in _FOOTERS else "waiting"].append(text)
            if box.kind in _HEADERS and not "".join(self._boxes[-1].parts).strip():
                self._say_waiting()

    def _end_paragraph(self) -> None:
        text = _joined(self._boxes[0].parts).strip()
        self._boxes[0].parts.clear()
        marker, self._marker = self._marker, ""
        if self._state.in_table:
            self._enter_cell()
        elif self._flow.in_table:
            self._flow.close_table()
            self._row_open = self._cell_open = False
        if text and self._state.level:
            self._flow.add(f"{marker} {text}".strip(), BlockKind.HEADING, self._state.level)
        elif text and marker:
            self._flow.add(f"{marker if any(map(str.isalnum, marker)) else '-'} {text}", BlockKind.LIST_ITEM)
        else:
            self._flow.add(text)
        if not self._flow.in_table:
            self._say_waiting()

    def _say_waiting(self) -> None:
        for text in self._said_by["waiting"]:
            self._flow.add(text)
        self._said_by["waiting"].clear()

    def _enter_cell(self) -> None:
        if not self._flow.in_table:
            self._flow.open_table()
        if not self._row_open:
            self._flow.open_row()
        if not self._cell_open:
            self._flow.open_cell()
        self._row_open = self._cell_open = True

    def _end_cell(self, word: str) -> None:
        if word == "cell":
            self._state.in_table = True
            self._end_paragraph()
            self._cell_open = False
        else:
            self._row_open = self._cell_open = False


def _joined(parts: list[str]) -> str:
    """The text, halves of pairs put together; one that is alone becomes a replacement character."""
    return "".join(parts).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
