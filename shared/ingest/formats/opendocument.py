"""ODT and ODP: one walk over the content. Notes stand after their paragraph; comments, deletions and hidden text are left out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.domain.page import BlockKind
from shared.ingest.archive import Archive, locked, opened_archive
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.flow import Book, Flow
from shared.ingest.kinds import Kind
from shared.ingest.look import Look
from shared.ingest.odf_styles import STYLE_NAMES, Looks, points
from shared.ingest.sniffing import kind_of_file
from shared.ingest.xmlwalk import Event, attribute, child, free, name_of, walk

HIDDEN = "Text that the document does not show"
HIDDEN_SLIDES = "A slide that is not shown"
COMMENTS = "What reviewers commented"
_CONTENT = "content.xml"
_BLOCKS = frozenset(
    {"h", "p", "list", "list-item", "table", "table-row", "table-cell", "covered-table-cell", "note", "notes", "page"}
)
_KEPT_OUT = {"annotation": COMMENTS, "section": HIDDEN, "frame": HIDDEN, "custom-shape": HIDDEN, "tracked-changes": ""}
_SPACES = {"tab": "\t", "line-break": "\n"}
_MOST_SPACES = 100
_MOST_REPEATED = 64
# What is text of its own, or none.
_INNER = {"annotation", "note-body", "hidden-paragraph", "p", "h", "list", "table", "tracked-changes", "ruby-text", "title"}
_DEEPEST_HEADING = 6


def layout(path: Path) -> Layout:
    """Slides are pages; a text has none. Raises RejectedFileError: corrupt, encrypted, too_large."""
    if kind_of_file(path, Kind.ODT) is not Kind.ODP:
        return Layout()
    return Layout(pages=len(read(path, 0).pages))


def read(path: Path, _: int) -> Extraction:
    """The whole file. Raises as `layout`."""
    slides = kind_of_file(path, Kind.ODT) is Kind.ODP
    with opened_archive(path) as archive:
        _check_open(archive)
        document = _Document(slides=slides)
        if "styles.xml" in archive:
            document.learn(archive)
        with archive.opened(_CONTENT) as stream:
            for event in walk(stream, _BLOCKS | STYLE_NAMES | _KEPT_OUT.keys()):
                document.take(event)
        return document.extraction()


def _check_open(archive: Archive) -> None:
    manifest = "META-INF/manifest.xml"
    if "encrypted-package" in archive or (manifest in archive and b"encryption-data" in archive.read(manifest)):
        raise locked()


class _Document:
    """A document on its way to one page, or to a page for each slide."""

    def __init__(self, *, slides: bool) -> None:
        self._slides = slides
        self._book, self._flow, self._looks = Book(), Flow(1 if slides else None), Looks()
        self._pages = 0
        self._lists: list[tuple[str | None, int]] = []
        self._marker = ""
        self._note: list[str] | None = None
        self._waiting: list[str] = []
        self._speaker = False
        self._unread: Any | None = None

    def learn(self, archive: Archive) -> None:
        """Take the named styles, which the content's own build on."""
        with archive.opened("styles.xml") as stream:
            for event in walk(stream, STYLE_NAMES):
                if not event.starts:
                    self._looks.take(event.element)

    def take(self, event: Event) -> None:
        """The next edge of an element."""
        if self._unread is not None:
            if event.element is self._unread and not event.starts:
                self._unread = None
                free(event.element)
        elif event.starts and self._is_kept_out(event):
            self._unread = event.element
        elif event.name in STYLE_NAMES:
            if not event.starts:
                self._looks.take(event.element)
        elif event.name in {"p", "h"}:
            if not event.starts:
                self._paragraph(event.element)
        elif event.name.startswith(("table", "covered")):
            self._table(event)
        else:
            self._frame(event)

    def extraction(self) -> Extraction:
        if not self._slides:
            self._book.add(self._flow.build())
        return self._book.extraction()

    def _is_kept_out(self, event: Event) -> bool:
        """Whether all of the element is left out; the reason is counted."""
        if event.name == "page" and self._looks.of(attribute(event.element, "style-name")).hidden:
            self._book.left_out[HIDDEN_SLIDES] += 1
            self._pages += 1
            self._book.add(Flow(self._pages).build())
            return True
        if event.name not in _KEPT_OUT:
            return False
        unseen = event.name in {"annotation", "tracked-changes"} or self._is_unseen(event.element)
        if unseen and (reason := _KEPT_OUT[event.name]):
            self._book.left_out[reason] += 1
        return unseen

    def _is_unseen(self, element: Any) -> bool:
        """A section that is not displayed, or a frame beyond the slide's edges or only a place to fill."""
        if attribute(element, "display") == "none":
            return True
        if attribute(element, "placeholder") == "true":
            return False
        width, height = self._looks.page_size
        if not self._slides or not width or attribute(element, "transform") is not None:
            return False
        left, top, across, down = (points(attribute(element, name)) for name in ("x", "y", "width", "height"))
        return left >= width or left + across < 0 or top >= height or top + down < 0

    def _frame(self, event: Event) -> None:
        match event.name, event.starts:
            case "page", True:
                self._pages += 1
                self._flow = Flow(self._pages)
            case "page", False:
                self._book.add(self._flow.build())
                free(event.element)
            case "notes", _:
                self._speaker = event.starts
            case "note", True:
                self._note = []
            case "note", False:
                self._end_note(event.element)
            case _:
                self._list(event)

    def _list(self, event: Event) -> None:
        match event.name, event.starts:
            case "list", True:
                outer = self._lists[-1][0] if self._lists else None
                self._lists.append((attribute(event.element, "style-name") or outer, 0))
            case "list", False:
                self._lists.pop()
            case "list-item", True:
                style, count = self._lists[-1]
                self._lists[-1] = style, count + 1
                self._marker = f"{count + 1}. " if self._looks.is_numbered(style, len(self._lists)) else "- "
            case "list-item", False:
                self._marker = ""

    def _end_note(self, element: Any) -> None:
        self._waiting.append(f"{_citation(element)} {' '.join(self._note or ())}")
        self._note = None

    def _table(self, event: Event) -> None:
        match event.name, event.starts:
            case "table", True:
                self._flow.open_table()
            case "table", False:
                self._flow.close_table()
                self._say_notes()
                free(event.element)
            case "table-row", True:
                self._flow.open_row()
            case "table-row", False:
                free(event.element)
            case (("table-cell" | "covered-table-cell"), True):
                self._flow.open_cell()
            case (("table-cell" | "covered-table-cell"), False):
                repeated = attribute(event.element, "number-columns-repeated") or "1"
                for _ in range(1, min(_MOST_REPEATED, int(repeated)) if repeated.isdecimal() else 1):
                    self._flow.open_cell()

    def _paragraph(self, element: Any) -> None:
        text = "".join(self._texts(element, Look())).strip()
        if self._note is not None:
            self._note.append(text)
        elif text:
            self._say(element, text)
        self._say_notes()
        tail = element.tail
        element.clear()
        element.tail = tail

    def _say(self, element: Any, text: str) -> None:
        level = self._level(element)
        if level:
            self._flow.add(text, BlockKind.HEADING, level)
        elif self._speaker:
            self._flow.add(f"Speaker notes: {text}")
        elif self._marker and not (self._slides and self._flow.in_table):
            self._flow.add(self._marker + text, BlockKind.LIST_ITEM)
        else:
            self._flow.add(text)
        self._marker = ""

    def _level(self, element: Any) -> int:
        if name_of(element) == "h":
            written = attribute(element, "outline-level") or "1"
            return min(_DEEPEST_HEADING, max(1, int(written))) if written.isdecimal() else 1
        frame = next(element.iterancestors("{*}frame"), None) if self._slides else None
        return int(frame is not None and attribute(frame, "class") == "title" and not self._speaker)

    def _say_notes(self) -> None:
        if self._note is None and not self._flow.in_table:
            for note in self._waiting:
                self._flow.add(note)
            self._waiting.clear()

    def _texts(self, element: Any, base: Look) -> Iterator[str]:
        """What the element shows, its spans included; of what is hidden nothing but the count."""
        look = self._looks.of(attribute(element, "style-name")).over(base)
        if self._is_hidden(look, element):
            self._book.left_out[HIDDEN] += bool("".join(element.itertext()).strip())
            return
        yield element.text or ""
        for each in element:
            name = name_of(each) if isinstance(each.tag, str) else ""
            if name == "s":
                count = attribute(each, "c") or "1"
                yield " " * (min(_MOST_SPACES, int(count)) if count.isdecimal() else 1)
            elif name == "note":
                yield _citation(each)
            elif name == "desc":
                yield f" [Picture: {''.join(each.itertext()).strip()}] "
            elif name == "hidden-text":
                self._book.left_out[HIDDEN] += 1
            elif name and name not in _INNER:
                yield _SPACES.get(name) or "".join(self._texts(each, look))
            yield each.tail or ""

    def _is_hidden(self, look: Look, element: Any) -> bool:
        """Hidden by its style, or white where no colour is around: frames and slides may have one, and cells of their own."""
        if look.hidden or not look.white or look.filled:
            return bool(look.hidden)
        around = element.iterancestors("{*}table-cell", "{*}frame", "{*}custom-shape")
        boxes = [self._looks.of(attribute(each, "style-name")).filled or not name_of(each).startswith("table") for each in around]
        return not self._slides and not any(boxes)


def _citation(note: Any) -> str:
    """The note's mark in the text."""
    mark = child(note, "note-citation")
    return f"[{''.join(mark.itertext()).strip()}]" if mark is not None else "[*]"
