from pathlib import Path

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.extraction import Extraction
from shared.ingest.formats.word import layout, read
from shared.ingest.limits import MAX_TABLE_DEPTH
from tests.unit.ingest.samples import block_list, write_zip

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="urn:mc" xmlns:wp="urn:wp"'
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = """
<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="Mine"><w:basedOn w:val="berschrift1"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>
<w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>
<w:style w:styleId="Secret"><w:rPr><w:vanish/></w:rPr></w:style>
<w:style w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>
<w:style w:styleId="Point"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>"""
NUMBERING = """
<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="1">
 <w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
 <w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>
 <w:lvl w:ilvl="2"><w:numFmt w:val="upperRoman"/><w:lvlText w:val="%3"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>"""


def relations(*related: tuple[str, str]) -> str:
    listed = "".join(
        f'<Relationship Id="r{number}" Type="{RELATION}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(related)
    )
    return f"<Relationships>{listed}</Relationships>"


def document(path: Path, body: str, **parts: str) -> Path:
    """A document of this body; each part is named as its relation is."""
    related = relations(*((kind, f"{kind}.xml") for kind in parts))
    entries = {
        "_rels/.rels": relations(("officeDocument", "word/document.xml")),
        "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": related,
    }
    return write_zip(
        path, entries | {f"word/{kind}.xml": f"<w:{kind} {W}>{content}</w:{kind}>" for kind, content in parts.items()}
    )


def extracted(path: Path, body: str, **parts: str) -> Extraction:
    return read(document(path / "a.docx", body, **{"styles": STYLES, "numbering": NUMBERING} | parts), 0)


def blocks(path: Path, body: str, **parts: str) -> list[tuple[str, int, str]]:
    return block_list(extracted(path, body, **parts).pages[0])


def p(text: str, properties: str = "", run: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr><w:t>{text}</w:t></w:r></w:p>"


def styled(text: str, style: str) -> str:
    return p(text, f'<w:pStyle w:val="{style}"/>')


def item(text: str, number: int, level: int = 0) -> str:
    return p(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def table(*rows: tuple[str, ...], properties: str = "", cell: str = "") -> str:
    cells = ("".join(f"<w:tc><w:tcPr>{cell}</w:tcPr>{content}</w:tc>" for content in row) for row in rows)
    return f"<w:tbl><w:tblPr>{properties}</w:tblPr>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def test_headings_are_known_by_style_name_base_and_outline_level(tmp_path):
    body = styled("Book", "Titel") + styled("One", "berschrift1") + styled("Three", "Mine") + styled("Body", "Loop")
    body += p("Two", '<w:outlineLvl w:val="1"/>') + p("Text", '<w:outlineLvl w:val="9"/>')
    assert blocks(tmp_path, body) == [
        *[("heading", 1, "Book"), ("heading", 1, "One"), ("heading", 3, "Three"), ("paragraph", 0, "Body")],
        *[("heading", 2, "Two"), ("paragraph", 0, "Text")],
    ]


def test_lists_are_marked_and_counted_as_they_are_shown(tmp_path):
    body = (
        styled("dot", "Point")
        + item("a", 2)
        + item("b", 2, 1)
        + item("c", 2, 1)
        + item("d", 2)
        + item("e", 2, 1)
        + item("f", 2, 2)
    )
    found = [text for kind, _, text in blocks(tmp_path, body) if kind == "list_item"]
    assert found == ["- dot", "3. a", "3.a) b", "3.b) c", "4. d", "4.a) e", "I f"]
    assert blocks(tmp_path, item("none", 0)) == [("paragraph", 0, "none")]


def test_tables_are_whole_and_one_column_only_lays_out(tmp_path):
    inner = table((p("x"), p("y")))
    body = table((p("Tea"), p("Milk") + p("cold")), (p("1"), inner)) + table((styled("Box", "berschrift1"),), (p("text"),))
    assert blocks(tmp_path, body) == [
        ("table", 0, "Tea | Milk cold\n1 | x | y"),
        ("heading", 1, "Box"),
        ("paragraph", 0, "text"),
    ]


def test_notes_follow_their_paragraph_and_headers_and_footers_frame_the_text(tmp_path):
    body = '<w:p><w:r><w:t>Whales</w:t><w:footnoteReference w:id="2"/><w:t> sing.</w:t></w:r></w:p>' + p("Next")
    notes = f'<w:footnote w:id="0" w:type="separator">{p("line")}</w:footnote><w:footnote w:id="2">{p("Loudly.")}</w:footnote>'
    found = blocks(tmp_path, body, footnotes=notes, header=p("Sea life"), footer=p("12"))
    assert [text for _, _, text in found] == ["Sea life", "Whales[2] sing.", "[2] Loudly.", "Next"]


def test_a_text_box_is_read_once_and_stands_before_its_paragraph(tmp_path):
    box = f"<w:drawing><w:txbxContent>{p('In the box')}</w:txbxContent></w:drawing>"
    old = f"<w:pict><w:txbxContent>{p('In the box')}</w:txbxContent></w:pict>"
    both = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{old}</mc:Fallback></mc:AlternateContent>"
    body = f"<w:p><w:r>{both}</w:r><w:r><w:t>Around</w:t></w:r></w:p>"
    assert [text for _, _, text in blocks(tmp_path, body)] == ["In the box", "Around"]


def test_tabs_breaks_hyphens_links_and_insertions_are_text_and_deletions_and_fields_are_none(tmp_path):
    runs = "<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:noBreakHyphen/></w:r>"
    runs += "<w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink><w:ins><w:r><w:t> new</w:t></w:r></w:ins>"
    runs += "<w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:r><w:instrText>PAGE</w:instrText></w:r>"
    assert blocks(tmp_path, f"<w:p>{runs}</w:p>") == [("paragraph", 0, "a b\nc-link new")]


def test_what_an_author_said_of_a_picture_is_marked(tmp_path):
    picture = '<w:p><w:r><w:drawing><wp:inline><wp:docPr descr="A whale"/></wp:inline></w:drawing></w:r></w:p>'
    assert blocks(tmp_path, picture) == [("paragraph", 0, "[Picture: A whale]")]


def test_comments_are_kept_out_and_counted(tmp_path):
    found = extracted(tmp_path, p("Text"), comments=f'<w:comment w:id="1">{p("Obey me")}</w:comment>')
    assert (found.pages[0].text, found.notes) == ("Text", ("What reviewers commented was left out (1 found).",))


@pytest.mark.parametrize(
    "run",
    ["<w:vanish/>", '<w:sz w:val="1"/>', '<w:color w:val="FFFFFF"/>', '<w:rStyle w:val="Secret"/>', '<w:vanish w:val="true"/>'],
)
def test_what_is_not_shown_is_kept_out_with_a_note(tmp_path, run):
    found = extracted(tmp_path, p("Before") + p("secret", run=run) + p("After"))
    assert found.pages[0].text == "Before\n\nAfter"
    assert found.notes == ("Text that the document does not show was left out (1 found).",)


def test_a_paragraph_of_a_hidden_style_is_kept_out_but_for_runs_that_are_shown(tmp_path):
    assert blocks(tmp_path, styled("secret", "Secret") + p("seen", '<w:pStyle w:val="Secret"/>', '<w:vanish w:val="0"/>')) == [
        ("paragraph", 0, "seen")
    ]


@pytest.mark.parametrize(
    "body",
    [
        p("Seen", run='<w:color w:val="FFFFFF"/><w:shd w:fill="000000"/>'),
        p("Seen", '<w:shd w:fill="1F3864"/>', '<w:color w:val="FFFFFF"/>'),
        p("Seen", run='<w:color w:val="FFFFFF"/><w:highlight w:val="black"/>'),
        table((p("", run=""), p("Seen", run='<w:color w:val="FFFFFF"/>')), cell='<w:shd w:fill="000000"/>'),
        table((p(""),), (p("Seen", run='<w:color w:val="FFFFFF"/>'),), properties='<w:tblStyle w:val="Grid"/>'),
        p("Seen", run='<w:sz w:val="12"/>'),
        p("Seen", "<w:rPr><w:vanish/></w:rPr>"),
    ],
)
def test_white_on_a_colour_and_small_text_are_read(tmp_path, body):
    found = extracted(tmp_path, body)
    assert "Seen" in found.pages[0].text
    assert found.notes == ()


@pytest.mark.parametrize("content", ["<w:document", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", ""])
def test_xml_that_is_none_or_declares_entities_is_refused(tmp_path, content):
    path = write_zip(
        tmp_path / "a.docx", {"_rels/.rels": relations(("officeDocument", "word/document.xml")), "word/document.xml": content}
    )
    with pytest.raises(RejectedFileError) as refusal:
        read(path, 0)
    assert refusal.value.failure is FailureCode.CORRUPT


@pytest.mark.parametrize("target", ["../../../etc/passwd", "http://192.0.2.1/a.xml", "gone.xml"])
def test_a_relation_leads_nowhere_but_into_the_file(tmp_path, target):
    path = write_zip(tmp_path / "a.docx", {"_rels/.rels": relations(("officeDocument", target))})
    with pytest.raises(RejectedFileError) as refusal:
        read(path, 0)
    assert refusal.value.failure is FailureCode.CORRUPT


def test_tables_beyond_reason_are_refused(tmp_path):
    nested = p("deep")
    for _ in range(MAX_TABLE_DEPTH + 1):
        nested = table((nested,))
    with pytest.raises(RejectedFileError) as refusal:
        extracted(tmp_path, nested)
    assert refusal.value.failure is FailureCode.TOO_LARGE


def test_a_document_has_no_pages_of_its_own(tmp_path):
    assert layout(document(tmp_path / "a.docx", "")).pages is None
