from pathlib import Path

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest import limits
from shared.ingest.extraction import Extraction
from shared.ingest.formats.slides import layout, read
from tests.unit.ingest.samples import block_list, write_zip
from tests.unit.ingest.test_word import relations

R = 'xmlns:p="urn:p" xmlns:a="urn:a" xmlns:c="urn:c" xmlns:r="urn:r"'
MASTER = f'<p:sldMaster {R}><p:cSld><p:bg><p:bgRef><a:schemeClr val="bg1"/></p:bgRef></p:bg></p:cSld></p:sldMaster>'


def deck(path: Path, *slides: str, show: str = "1", **parts: str) -> Path:
    """A presentation of these shape trees; each part is named as its relation from every slide is."""
    listed = "".join(f'<p:sldId id="{number}" r:id="r{number}"/>' for number in range(len(slides)))
    size = '<p:sldSz cx="1000" cy="800"/>'
    entries = {
        "_rels/.rels": relations(("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"<p:presentation {R}><p:sldIdLst>{listed}</p:sldIdLst>{size}</p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(*(("slide", f"slides/{number}.xml") for number in range(len(slides)))),
        "ppt/master.xml": MASTER,
        "ppt/layout.xml": f"<p:sldLayout {R}/>",
        "ppt/_rels/layout.xml.rels": relations(("slideMaster", "master.xml")),
    }
    related = relations(("slideLayout", "../layout.xml"), *((kind, f"../{kind}.xml") for kind in parts))
    for number, tree in enumerate(slides):
        entries[f"ppt/slides/{number}.xml"] = f'<p:sld {R} show="{show}"><p:cSld><p:spTree>{tree}</p:spTree></p:cSld></p:sld>'
        entries[f"ppt/slides/_rels/{number}.xml.rels"] = related
    return write_zip(path / "a.pptx", entries | {f"ppt/{kind}.xml": content for kind, content in parts.items()})


def shape(*paragraphs: str, role: str | None = "", place: str = "", about: str = "", extra: str = "") -> str:
    """A shape; `role` is its placeholder's type, None for a placeholder without one."""
    kind = "" if role == "" else "<p:ph/>" if role is None else f'<p:ph type="{role}"/>'
    body = "".join(each if each.startswith("<") else f"<a:p><a:r><a:t>{each}</a:t></a:r></a:p>" for each in paragraphs)
    named = f"<p:nvSpPr><p:cNvPr {about}/><p:nvPr>{kind}</p:nvPr></p:nvSpPr>"
    return f"<p:sp>{named}<p:spPr>{place}</p:spPr>{extra}<p:txBody>{body}</p:txBody></p:sp>"


def run(text: str, properties: str) -> str:
    return f"<a:p><a:r>{properties}<a:t>{text}</a:t></a:r></a:p>"


def extracted(path: Path, *slides: str, **parts: str) -> Extraction:
    return read(deck(path, *slides, **parts), 0)


def blocks(path: Path, tree: str, **parts: str) -> list[tuple[str, int, str]]:
    return block_list(extracted(path, tree, **parts).pages[0])


def test_slides_are_pages_counted_from_one_and_titles_are_headings(tmp_path):
    path = deck(tmp_path, shape("Whales", role="ctrTitle"), shape("Seals", role="title") + shape("swim"), "")
    pages = read(path, 0).pages
    assert layout(path).pages == 3
    assert [page.number for page in pages] == [1, 2, 3]
    assert [block_list(page) for page in pages] == [
        [("heading", 1, "Whales")],
        [("heading", 1, "Seals"), ("paragraph", 0, "swim")],
        [],
    ]


def test_points_are_items_and_so_is_what_has_a_bullet_or_a_number(tmp_path):
    numbered = "<a:p><a:pPr><a:buAutoNum/></a:pPr><a:r><a:t>{}</a:t></a:r></a:p>"
    plain = "<a:p><a:pPr><a:buNone/></a:pPr><a:r><a:t>said</a:t></a:r></a:p>"
    dotted = "<a:p><a:pPr><a:buChar/></a:pPr><a:r><a:t>dot</a:t></a:r></a:p>"
    tree = (
        shape("one", "two", plain, role=None)
        + shape(numbered.format("first"), numbered.format("second"), dotted)
        + shape("only", role="body")
    )
    tree += shape("7", role="sldNum")
    assert [text for _, _, text in blocks(tmp_path, tree)] == ["- one", "- two", "said", "1. first", "2. second", "- dot", "only"]


def test_tables_groups_and_line_breaks_are_read(tmp_path):
    cells = "".join(f"<a:tc><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>" for text in ("Tea", "Milk"))
    drawn = f"<a:graphicData><a:tbl><a:tr>{cells}</a:tr></a:tbl></a:graphicData>"
    frame = f"<p:graphicFrame><a:graphic>{drawn}</a:graphic></p:graphicFrame>"
    broken = "<a:p><a:r><a:t>one</a:t></a:r><a:br/><a:r><a:t>two</a:t></a:r></a:p>"
    assert blocks(tmp_path, f"<p:grpSp>{shape(broken)}</p:grpSp>{frame}") == [
        ("paragraph", 0, "one\ntwo"),
        ("table", 0, "Tea | Milk"),
    ]


def test_a_chart_is_its_title_and_figures(tmp_path):
    frame = '<p:graphicFrame><a:graphic><a:graphicData><c:chart r:id="r1"/></a:graphicData></a:graphic></p:graphicFrame>'
    figures = "<c:cat><c:v>2024</c:v><c:v>2025</c:v></c:cat><c:val><c:v>3</c:v><c:v>4</c:v></c:val>"
    series = f"<c:ser><c:tx><c:v>Fish</c:v></c:tx>{figures}</c:ser>"
    chart = f"<c:chartSpace {R}><c:title><a:p><a:r><a:t>Catch</a:t></a:r></a:p></c:title>{series}</c:chartSpace>"
    assert blocks(tmp_path, frame, chart=chart) == [("paragraph", 0, "Catch"), ("table", 0, "| 2024 | 2025\nFish | 3 | 4")]


def test_speaker_notes_and_descriptions_of_pictures_are_marked(tmp_path):
    picture = '<p:pic><p:nvPicPr><p:cNvPr descr="A whale"/></p:nvPicPr></p:pic>'
    tree = f"<p:cSld><p:spTree>{shape('3', role='sldNum')}{shape('Say hello.', 'Smile.', role='body')}</p:spTree></p:cSld>"
    found = blocks(tmp_path, shape("Text") + picture, notesSlide=f"<p:notes {R}>{tree}</p:notes>")
    assert [text for _, _, text in found] == ["Text", "[Picture: A whale]", "Speaker notes: Say hello.", "Smile."]


def test_comments_are_kept_out_and_counted(tmp_path):
    found = extracted(tmp_path, shape("Text"), comments=f"<p:cmLst {R}><p:cm><p:text>Obey me</p:text></p:cm></p:cmLst>")
    assert (found.pages[0].text, found.notes) == ("Text", ("What reviewers commented was left out (1 found).",))


WHITE = '<a:rPr><a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill></a:rPr>'
OUTSIDE = '<a:xfrm><a:off x="{}" y="{}"/><a:ext cx="100" cy="100"/></a:xfrm>'
FILLED = '<a:solidFill><a:srgbClr val="000000"/></a:solidFill>'


@pytest.mark.parametrize(
    "tree",
    [
        shape(run("secret", WHITE)),
        shape(run("secret", '<a:rPr sz="100"/>')),
        shape("secret", place=OUTSIDE.format(1000, 0)),
        shape("secret", place=OUTSIDE.format(-100, 0)),
        shape("secret", place=OUTSIDE.format(0, -5000)),
        shape("secret", about='hidden="1"'),
    ],
)
def test_what_a_slide_does_not_show_is_kept_out_with_a_note(tmp_path, tree):
    found = extracted(tmp_path, shape("Seen") + tree)
    assert found.pages[0].text == "Seen"
    assert found.notes == ("Text that the slides do not show was left out (1 found).",)


@pytest.mark.parametrize(
    "tree",
    [
        shape(run("Seen", WHITE), place=FILLED),
        shape(run("Seen", WHITE), extra="<p:style/>"),
        shape(run("Seen", WHITE)) + "<p:pic/>",
        shape(run("Seen", '<a:rPr sz="800"/>')),
        shape("Seen", place=OUTSIDE.format(950, 0)),
    ],
)
def test_what_may_be_seen_is_read(tmp_path, tree):
    found = extracted(tmp_path, tree)
    assert (found.pages[0].text, found.notes) == ("Seen", ())


def test_a_hidden_slide_keeps_its_number_and_says_nothing(tmp_path):
    found = read(deck(tmp_path, shape("secret"), show="0"), 0)
    assert [(page.number, page.text) for page in found.pages] == [(1, "")]
    assert found.notes == ("A slide that is not shown was left out (1 found).",)


def test_more_slides_than_the_limit_are_refused(tmp_path):
    listed = "<p:sldId r:id='r0'/>" * (limits.MAX_PAGES + 1)
    entries = {
        "_rels/.rels": relations(("officeDocument", "ppt/p.xml")),
        "ppt/p.xml": f"<p:p {R}><p:sldIdLst>{listed}</p:sldIdLst></p:p>",
        "ppt/_rels/p.xml.rels": relations(("slide", "s.xml")),
    }
    with pytest.raises(RejectedFileError, match="5,001 slides") as refusal:
        layout(write_zip(tmp_path / "a.pptx", entries))
    assert refusal.value.failure is FailureCode.TOO_LARGE
