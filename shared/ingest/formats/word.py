"""DOCX: one walk over each part. Text boxes and notes stand by the paragraph that holds them; comments are left out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.domain.page import BlockKind
from shared.ingest.archive import Archive, opened_archive
from shared.ingest.embedded import embedded_notes
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.flow import Book, Flow
from shared.ingest.limits import MAX_CHARACTERS
from shared.ingest.look import Look
from shared.ingest.normal import clean
from shared.ingest.ooxml import Relation, main_part, of_kind, relations
from shared.ingest.word_styles import Numbering, Style, Styles, heading_level, look_of, numbering_of, value_of
from shared.ingest.xmlwalk import Event, attribute, child, free, name_of, parse, walk

HIDDEN = "Text that the document does not show"
COMMENTS = "What reviewers commented"
_SKIPPED = frozenset({"Fallback", "del", "moveFrom"})
_EDGES = frozenset({"p", "tbl", "tr", "tc", "txbxContent", "comment"}) | _SKIPPED
_NOTES = frozenset({"footnote", "endnote"})
_BREAKS = {"br": "\n", "cr": "\n", "tab": "\t", "noBreakHyphen": "-", "ptab": "\t"}
# Theirs is no text of the paragraph itself, or none that is shown.
_INNER = {"txbxContent", "Fallback", "del", "moveFrom", "pPr", "instrText", "delText", "rt", "tbl"}
_LEAST_EDGE_LETTERS = 2


def layout(_: Path) -> Layout:
    """One part; where its pages end is known only to the program that prints it."""
    return Layout()


def read(path: Path, _: int) -> Extraction:
    """The whole document. Raises RejectedFileError: corrupt, encrypted, too_large."""
    with opened_archive(path) as archive:
        part = main_part(archive)
        document = _Document(archive, relations(archive, part))
        document.read_edges("header")
        document.read(part)
        document.read_edges("footer")
        return document.extraction()


class _Document:
    """A document on its way to one page."""

    def __init__(self, archive: Archive, related: dict[str, Relation]) -> None:
        self._archive, self._related = archive, related
        self._flow, self._book = Flow(None), Book()
        self._styles, self._numbering = Styles(self._parsed("styles")), Numbering(self._parsed("numbering"))
        self._notes: dict[tuple[str, str], str] = {}
        self._waiting: list[str] = []
        self._tables: list[bool] = []
        self._boxes = self._skipping = 0
        for kind in sorted(_NOTES):
            self._read_notes(kind)
        self._count_comments()

    def extraction(self) -> Extraction:
        self._book.add(self._flow.build())
        extraction = self._book.extraction()
        return extraction.model_copy(update={"notes": (*extraction.notes, *embedded_notes(self._archive))})

    def read(self, part: str) -> None:
        """Add what a part says."""
        with self._archive.opened(part) as stream:
            for event in walk(stream, _EDGES):
                self._take(event)

    def read_edges(self, kind: str) -> None:
        """Add headers or footers, each wording once; one that says no word, as a page number, is none."""
        seen = set()
        for part in dict.fromkeys(of_kind(self._related, kind)):
            if part in self._archive:
                text = "\n".join(self._paragraphs(parse(self._archive.read(part))))
                if sum(map(str.isalpha, text)) >= _LEAST_EDGE_LETTERS and text not in seen:
                    self._flow.add(text)
                seen.add(text)

    def _parsed(self, kind: str) -> Any | None:
        part = next((part for part in of_kind(self._related, kind) if part in self._archive), None)
        return parse(self._archive.read(part)) if part else None

    def _read_notes(self, kind: str) -> None:
        """Footnotes or endnotes by id, those that are only lines between texts left out."""
        length = 0
        for part in of_kind(self._related, f"{kind}s"):
            if part not in self._archive:
                continue
            with self._archive.opened(part) as stream:
                for event in walk(stream, frozenset({kind})):
                    if event.starts or length > MAX_CHARACTERS:
                        continue
                    if attribute(event.element, "type") in {None, "normal"}:
                        text = " ".join(self._paragraphs(event.element))
                        length += len(text)
                        self._notes[kind, attribute(event.element, "id") or ""] = text
                    free(event.element)

    def _count_comments(self) -> None:
        for part in of_kind(self._related, "comments"):
            if part in self._archive:
                with self._archive.opened(part) as stream:
                    for event in walk(stream, frozenset({"comment"})):
                        self._book.left_out[COMMENTS] += event.starts

    def _paragraphs(self, root: Any) -> Iterator[str]:
        """The text of each paragraph under the element, whatever else is there."""
        for paragraph in root.iter("{*}p"):
            if not any(name_of(above) in _SKIPPED for above in paragraph.iterancestors()):
                text = "".join(self._texts(paragraph, self._styles.of(_style_id(child(paragraph, "pPr"))).look))
                if text.strip():
                    yield text.strip()

    def _take(self, event: Event) -> None:
        if event.name in _SKIPPED:
            self._skipping += 1 if event.starts else -1
        elif self._skipping:
            return
        elif event.name == "txbxContent":
            self._boxes += 1 if event.starts else -1
        elif event.name == "p":
            self._take_paragraph(event)
        else:
            self._take_table(event)

    def _take_table(self, event: Event) -> None:
        match event.name, event.starts:
            case "tbl", True:
                self._flow.open_table()
                self._tables.append(False)
            case "tbl", False:
                self._flow.close_table()
                self._tables.pop()
                self._say_notes()
                free(event.element)
            case "tr", True:
                self._flow.open_row()
            case "tr", False:
                free(event.element)
            case "tc", True:
                self._flow.open_cell()

    def _take_paragraph(self, event: Event) -> None:
        if event.starts:
            return
        paragraph = event.element
        if len(paragraph):
            self._read_paragraph(paragraph)
        self._say_notes()
        # Of a paragraph in a cell or a box, the properties of what holds it are still asked for.
        free(paragraph)

    def _read_paragraph(self, paragraph: Any) -> None:
        properties = child(paragraph, "pPr")
        style = self._styles.of(_style_id(properties))
        text = "".join(self._texts(paragraph, look_of(None, properties).over(style.look)))
        if text.strip():
            self._say(text, properties, style)

    def _say(self, text: str, properties: Any, style: Style) -> None:
        level = heading_level(properties)
        level = style.level if level is None else level
        numbered = numbering_of(properties, style.numbering)
        marker = self._numbering.marker(*numbered) if numbered else None
        if marker is None:
            self._flow.add(text, BlockKind.HEADING if level else BlockKind.PARAGRAPH, level)
        elif level:
            self._flow.add(f"{marker} {text}" if marker != "-" else text, BlockKind.HEADING, level)
        else:
            self._flow.add(f"{marker} {text}", BlockKind.LIST_ITEM)

    def _say_notes(self) -> None:
        """Notes follow the paragraph that refers to them, and a table as a whole."""
        if not self._flow.in_table:
            for note in self._waiting:
                self._flow.add(note)
            self._waiting.clear()

    def _texts(self, paragraph: Any, base: Look) -> Iterator[str]:
        """What the paragraph's own runs show."""
        for run in _own(paragraph, "r"):
            properties = child(run, "rPr")
            styled = self._styles.of(value_of(child(properties, "rStyle")) if properties is not None else None)
            text = "".join(self._run(run))
            if text and self._is_hidden(look_of(properties).over(styled.look).over(base), run):
                self._book.left_out[HIDDEN] += bool(text.strip())
            else:
                yield text

    def _run(self, run: Any) -> Iterator[str]:
        for piece in run.iterchildren():
            name = name_of(piece) if isinstance(piece.tag, str) else ""
            if name == "t":
                yield piece.text or ""
            elif name in _BREAKS:
                yield _BREAKS[name]
            elif name == "ruby":
                yield "".join(text.text or "" for base in piece.iter("{*}rubyBase") for text in base.iter("{*}t"))
            elif name == "drawing":
                yield from _described(piece)
            elif name in {"footnoteReference", "endnoteReference"}:
                yield from self._refer(name.removesuffix("Reference"), attribute(piece, "id") or "")

    def _refer(self, kind: str, note_id: str) -> Iterator[str]:
        note = self._notes.pop((kind, note_id), "")
        if clean(note).strip():
            yield f"[{note_id}]"
            self._waiting.append(f"[{note_id}] {note}")

    def _is_hidden(self, look: Look, run: Any) -> bool:
        """Hidden by itself, or white where nothing says that it stands on another colour."""
        if look.hidden:
            return True
        return bool(look.white and not look.filled and not self._boxes and not _on_colour(run))


def _described(drawing: Any) -> Iterator[str]:
    """What the author said of a picture, marked as that: it is not seen in the text."""
    about = next(drawing.iter("{*}docPr"), None)
    description = (about.get("descr") or "").strip() if about is not None else ""
    if description:
        yield f" [Picture: {description}] "


def _own(paragraph: Any, name: str) -> Iterator[Any]:
    """The runs of the paragraph, and of formulas, links and fields in it, but not of the boxes that it anchors."""
    waiting = [paragraph]
    while waiting:
        element = waiting.pop()
        waiting += [each for each in reversed(element) if isinstance(each.tag, str) and name_of(each) not in _INNER]
        if element is not paragraph and name_of(element) == name:
            yield element


def _on_colour(run: Any) -> bool:
    """Whether a cell with a colour of its own, or a table of a style that may have some, is around."""
    for above in run.iterancestors("{*}tc", "{*}tbl"):
        properties = child(above, "tcPr" if name_of(above) == "tc" else "tblPr")
        if properties is None:
            continue
        if look_of(None, properties).filled or child(properties, "tblStyle") is not None:
            return True
    return False


def _style_id(properties: Any | None) -> str | None:
    return value_of(child(properties, "pStyle")) if properties is not None else None
