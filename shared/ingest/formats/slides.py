"""PPTX: each slide is a page, with its title, its shapes in their order, tables, charts, SmartArt and the speaker's notes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind, TextPage
from shared.ingest.archive import Archive, corrupt, opened_archive
from shared.ingest.embedded import embedded_notes
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.flow import Book, Flow
from shared.ingest.limits import MAX_PAGES
from shared.ingest.ooxml import Relation, main_part, of_kind, relations
from shared.ingest.slide_looks import Canvas, is_off_canvas, runs_text
from shared.ingest.xmlwalk import attribute, child, name_of, parse

HIDDEN = "Text that the slides do not show"
HIDDEN_SLIDES = "A slide that is not shown"
COMMENTS = "What reviewers commented"
_TITLES = {"title", "ctrTitle"}
_BODIES = {"body", "obj", None}
_EDGES = {"sldNum", "dt", "hdr", "sldImg"}
_MOST_CHART_POINTS = 2_000
_FALSE = {"0", "false"}


def layout(path: Path) -> Layout:
    """A page for each slide, all of them in one part. Raises RejectedFileError: corrupt, encrypted, too_large."""
    with opened_archive(path) as archive:
        count = len(_slides(archive))
    if count > MAX_PAGES:
        message = f"The presentation has {count:,} slides; up to {MAX_PAGES:,} can be read. Split it and upload the parts."
        raise RejectedFileError(FailureCode.TOO_LARGE, message)
    return Layout(pages=count)


def read(path: Path, _: int) -> Extraction:
    """All slides; one that is hidden, or that is not there, is an empty page. Raises as `layout`."""
    book = Book()
    with opened_archive(path) as archive:
        canvas = Canvas.of(parse(archive.read(main_part(archive))))
        for number, part in enumerate(_slides(archive), start=1):
            book.add(_Slide(archive, part, number, canvas, book).read())
        embedded = embedded_notes(archive)
    extraction = book.extraction()
    return extraction.model_copy(update={"notes": (*extraction.notes, *embedded)})


def _slides(archive: Archive) -> list[str]:
    """The parts of the slides in the order of the show."""
    main = main_part(archive)
    listed = child(parse(archive.read(main)), "sldIdLst")
    related = relations(archive, main)
    if listed is None:
        return []
    found = [related.get(_relation_id(each)) for each in listed]
    return [relation.part for relation in found if relation is not None]


def _relation_id(element: Any) -> str:
    """The id in the namespace of relations; a slide has one of its own besides."""
    return next((str(value) for key, value in element.attrib.items() if key.endswith("}id")), "")


class _Slide:
    """A slide on its way to a page."""

    def __init__(self, archive: Archive, part: str, number: int, canvas: Canvas, book: Book) -> None:
        self._archive, self._part, self._canvas, self._book = archive, part, canvas, book
        self._flow = Flow(number)
        self._related: dict[str, Relation] = {}

    def read(self) -> TextPage:
        """The page. Raises RejectedFileError: corrupt for XML that is none, too_large."""
        if self._part not in self._archive:
            return self._flow.build()
        root = parse(self._archive.read(self._part))
        if root.get("show") in _FALSE:
            self._book.left_out[HIDDEN_SLIDES] += 1
            return self._flow.build()
        self._related = relations(self._archive, self._part)
        self._canvas = self._canvas.behind(root, self._archive, self._related)
        self._shapes(child(root, "cSld", "spTree"))
        self._notes()
        self._count_comments()
        return self._flow.build()

    def _shapes(self, tree: Any | None) -> None:
        if tree is None:
            raise corrupt()
        waiting = list(reversed(tree))
        while waiting:
            shape = waiting.pop()
            name = name_of(shape) if isinstance(shape.tag, str) else ""
            if name in {"grpSp", "AlternateContent", "Choice"}:
                waiting += reversed(shape)
            elif self._is_hidden(shape):
                self._book.left_out[HIDDEN] += bool(_bare_text(shape))
            elif name in {"sp", "cxnSp"}:
                self._shape(shape)
            elif name == "graphicFrame":
                self._graphic(shape)
            elif name == "pic":
                self._picture(shape)

    def _is_hidden(self, shape: Any) -> bool:
        described = next(shape.iterchildren("{*}nvSpPr", "{*}nvGraphicFramePr", "{*}nvPicPr"), None)
        about = child(described, "cNvPr") if described is not None else None
        return (about is not None and about.get("hidden") in {"1", "true"}) or is_off_canvas(shape, self._canvas)

    def _shape(self, shape: Any) -> None:
        body = child(shape, "txBody")
        if body is None:
            return
        placeholder = child(shape, "nvSpPr", "nvPr", "ph")
        role = placeholder.get("type") if placeholder is not None else ""
        if role in _TITLES:
            self._flow.add(" ".join(self._paragraph(each, shape) for each in body.iterchildren("{*}p")), BlockKind.HEADING, 1)
        elif role not in _EDGES:
            self._body(body, shape, listed=role in _BODIES)

    def _body(self, body: Any, shape: Any, *, listed: bool) -> None:
        """Paragraphs; those of a place for the slide's points are items, as the master draws them."""
        paragraphs = [(each, text) for each in body.iterchildren("{*}p") if (text := self._paragraph(each, shape)).strip()]
        count = 0
        for paragraph, text in paragraphs:
            properties = child(paragraph, "pPr")
            bullet = _bullet(properties, listed=listed and len(paragraphs) > 1)
            count = count + 1 if bullet == "1." else 0
            marker = f"{count}. " if bullet == "1." else bullet
            self._flow.add(marker + text, BlockKind.LIST_ITEM if marker else BlockKind.PARAGRAPH)

    def _paragraph(self, paragraph: Any, shape: Any) -> str:
        text, hidden = runs_text(paragraph, shape, self._canvas)
        if hidden:
            self._book.left_out[HIDDEN] += hidden
        return text

    def _graphic(self, frame: Any) -> None:
        data = child(frame, "graphic", "graphicData")
        if data is None:
            return
        if (table := child(data, "tbl")) is not None:
            self._table(table)
        elif (chart := child(data, "chart")) is not None:
            self._chart(self._related.get(_relation_id(chart)))
        elif (drawing := child(data, "relIds")) is not None:
            self._drawing(self._related.get(attribute(drawing, "dm") or ""))

    def _table(self, table: Any) -> None:
        self._flow.open_table()
        for row in table.iterchildren("{*}tr"):
            self._flow.open_row()
            for cell in row.iterchildren("{*}tc"):
                self._flow.open_cell()
                for paragraph in cell.iter("{*}p"):
                    self._flow.add(self._paragraph(paragraph, cell))
        self._flow.close_table()

    def _chart(self, relation: Relation | None) -> None:
        """The chart's title, then its figures as a table: a row for each series."""
        root = self._other(relation)
        if root is None:
            return
        title = next(root.iter("{*}title"), None)
        self._flow.add(_bare_text(title) if title is not None else "")
        series = list(root.iter("{*}ser"))
        heads = [_points(each, "cat", "xVal") for each in series]
        self._flow.open_table()
        for row in [["", *heads[0]]] if heads and heads[0] else []:
            self._row(row)
        for each in series:
            self._row([" ".join(_points(each, "tx")), *_points(each, "val", "yVal")])
        self._flow.close_table()

    def _row(self, cells: list[str]) -> None:
        self._flow.open_row()
        for cell in cells:
            self._flow.open_cell()
            self._flow.add(cell)

    def _drawing(self, relation: Relation | None) -> None:
        root = self._other(relation)
        if root is not None:
            for paragraph in root.iter("{*}p"):
                self._flow.add(_bare_text(paragraph))

    def _picture(self, picture: Any) -> None:
        """What the author said of a picture, marked as that: it is not on the slide."""
        about = child(picture, "nvPicPr", "cNvPr")
        described = (about.get("descr") or "").strip() if about is not None else ""
        if described:
            self._flow.add(f"[Picture: {described}]")

    def _notes(self) -> None:
        part = next(of_kind(self._related, "notesSlide"), None)
        root = self._other(Relation("", part)) if part else None
        texts = []
        for shape in root.iter("{*}sp") if root is not None else ():
            placeholder = child(shape, "nvSpPr", "nvPr", "ph")
            if placeholder is not None and placeholder.get("type") not in _EDGES | {"ftr"}:
                texts += [text for each in shape.iter("{*}p") if (text := _bare_text(each)).strip()]
        for position, text in enumerate(texts):
            self._flow.add(text if position else f"Speaker notes: {text}")

    def _count_comments(self) -> None:
        for relation in self._related.values():
            if relation.kind == "comments" and (root := self._other(relation)) is not None:
                self._book.left_out[COMMENTS] += sum(1 for _ in root.iter("{*}cm"))

    def _other(self, relation: Relation | None) -> Any | None:
        if relation is None or relation.part not in self._archive:
            return None
        return parse(self._archive.read(relation.part))


def _bullet(properties: Any | None, *, listed: bool) -> str:
    """What stands before the paragraph: by its own properties, else as its place has it."""
    if properties is not None:
        if child(properties, "buAutoNum") is not None:
            return "1."
        if child(properties, "buNone") is not None:
            return ""
        if child(properties, "buChar") is not None:
            return "- "
    return "- " if listed else ""


def _points(series: Any, *names: str) -> list[str]:
    """The values in the cache of a chart's series, in their order."""
    holder = next(series.iterchildren(*("{*}" + name for name in names)), None)
    points: Iterator[Any] = holder.iter("{*}v") if holder is not None else iter(())
    return [(point.text or "").strip() for _, point in zip(range(_MOST_CHART_POINTS), points, strict=False)]


def _bare_text(element: Any) -> str:
    """All that is written under the element, paragraphs apart."""
    return " ".join("".join(run.text or "" for run in each.iter("{*}t")) for each in element.iter("{*}p")).strip()
