from pathlib import Path

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.extraction import Extraction
from shared.ingest.formats.opendocument import layout, read
from tests.unit.ingest.samples import block_list, write_zip

NAMES = "office text table draw presentation style fo svg"
SPACES = " ".join(f'xmlns:{name}="urn:{name}"' for name in NAMES.split())
STYLES = """
<style:style style:name="Secret"><style:text-properties text:display="none"/></style:style>
<style:style style:name="Child" style:parent-style-name="Secret"/>
<style:style style:name="White"><style:text-properties fo:color="#ffffff"/></style:style>
<style:style style:name="Tiny"><style:text-properties fo:font-size="0pt"/></style:style>
<style:style style:name="Dark"><style:table-cell-properties fo:background-color="#000000"/></style:style>
<style:style style:name="Loop" style:parent-style-name="Loop"/>
<style:style style:name="Off"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>
<text:list-style style:name="L"><text:list-level-style-number text:level="1"/></text:list-style>"""
PAGE = '<style:page-layout-properties fo:page-width="28cm" fo:page-height="21cm"/>'


def document(path: Path, body: str, kind: str = "text", **entries: str) -> Path:
    styles = f"<office:automatic-styles>{STYLES}</office:automatic-styles>"
    content = f"<office:document-content {SPACES}>{styles}{body}</office:document-content>"
    named = {"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content}
    return write_zip(
        path / "a.odt", named | {"styles.xml": f"<office:document-styles {SPACES}>{PAGE}</office:document-styles>"} | entries
    )


def extracted(path: Path, body: str, kind: str = "text") -> Extraction:
    return read(document(path, body, kind), 0)


def blocks(path: Path, body: str) -> list[tuple[str, int, str]]:
    return block_list(extracted(path, body).pages[0])


def test_headings_paragraphs_and_their_spaces_are_read(tmp_path):
    body = '<text:h text:outline-level="2">Whales</text:h><text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>'
    body += "<text:span>d</text:span>e</text:p>"
    assert blocks(tmp_path, body) == [("heading", 2, "Whales"), ("paragraph", 0, "a b c\nde")]


def test_lists_are_marked_by_their_style(tmp_path):
    inner = "<text:list><text:list-item><text:p>inner</text:p></text:list-item></text:list>"
    first = f"<text:list-item><text:p>one</text:p><text:p>more</text:p>{inner}</text:list-item>"
    body = f'<text:list text:style-name="L">{first}<text:list-item><text:p>two</text:p></text:list-item></text:list>'
    assert [text for _, _, text in blocks(tmp_path, body)] == ["1. one", "more", "- inner", "2. two"]


def test_tables_are_whole(tmp_path):
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    empty = '<table:table-cell table:number-columns-repeated="2"/>'
    rows = f"<table:table-row>{cell.format('Tea')}{empty}</table:table-row>"
    rows += f"<table:table-row>{cell.format('1')}<table:covered-table-cell/>{cell.format('2')}</table:table-row>"
    assert blocks(tmp_path, f"<table:table>{rows}</table:table>") == [("table", 0, "Tea |  | \n1 |  | 2")]


def test_notes_follow_their_paragraph(tmp_path):
    said = "<text:note-body><text:p>Loudly.</text:p></text:note-body>"
    note = f"<text:note><text:note-citation>1</text:note-citation>{said}</text:note>"
    found = blocks(tmp_path, f"<text:p>Whales{note} sing.</text:p><text:p>Next</text:p>")
    assert [text for _, _, text in found] == ["Whales[1] sing.", "[1] Loudly.", "Next"]


def test_frames_are_read_and_descriptions_of_pictures_marked(tmp_path):
    about = "<svg:title>t</svg:title><svg:desc>A whale</svg:desc>"
    frame = f"<draw:frame><draw:text-box><text:p>boxed</text:p></draw:text-box>{about}</draw:frame>"
    assert [text for _, _, text in blocks(tmp_path, f"<text:p>{frame}around</text:p>")] == ["boxed", "[Picture: A whale] around"]


@pytest.mark.parametrize(
    ("hidden", "reason"),
    [
        ('<text:p text:style-name="Child">secret</text:p>', "Text that the document does not show"),
        ('<text:p><text:span text:style-name="White">secret</text:span></text:p>', "Text that the document does not show"),
        ('<text:p><text:span text:style-name="Tiny">secret</text:span></text:p>', "Text that the document does not show"),
        ("<text:p><text:hidden-text>secret</text:hidden-text></text:p>", "Text that the document does not show"),
        ('<text:section text:display="none"><text:p>secret</text:p></text:section>', "Text that the document does not show"),
        ("<text:p><office:annotation><text:p>secret</text:p></office:annotation></text:p>", "What reviewers commented"),
    ],
)
def test_what_is_not_shown_is_kept_out_with_a_note(tmp_path, hidden, reason):
    found = extracted(tmp_path, f"<text:p>Before</text:p>{hidden}<text:p>After</text:p>")
    assert (found.pages[0].text, found.notes) == ("Before\n\nAfter", (f"{reason} was left out (1 found).",))


def test_deletions_are_kept_out_and_white_in_a_dark_cell_is_read(tmp_path):
    deleted = "<text:tracked-changes><text:p>gone</text:p></text:tracked-changes>"
    cell = '<table:table-cell table:style-name="Dark"><text:p text:style-name="White">Seen</text:p></table:table-cell>'
    body = f"{deleted}<table:table><table:table-row>{cell}</table:table-row></table:table>"
    assert extracted(tmp_path, body + '<text:p text:style-name="Loop">x</text:p>').pages[0].text == "Seen\n\nx"


def test_slides_are_pages_with_titles_and_speaker_notes(tmp_path):
    title = '<draw:frame presentation:class="title"><draw:text-box><text:p>Whales</text:p></draw:text-box></draw:frame>'
    notes = (
        "<presentation:notes><draw:frame><draw:text-box><text:p>Smile.</text:p></draw:text-box></draw:frame></presentation:notes>"
    )
    outside = (
        '<draw:frame svg:x="29cm" svg:y="1cm" svg:width="2cm"><draw:text-box><text:p>secret</text:p></draw:text-box></draw:frame>'
    )
    hidden = '<draw:page draw:style-name="Off"><text:p>secret</text:p></draw:page>'
    path = document(tmp_path, f"<draw:page>{title}{outside}{notes}</draw:page>{hidden}<draw:page/>", "presentation")
    found = read(path, 0)
    assert layout(path).pages == 3
    assert [(page.number, page.text) for page in found.pages] == [(1, "Whales\n\nSpeaker notes: Smile."), (2, ""), (3, "")]
    assert block_list(found.pages[0])[0] == ("heading", 1, "Whales")
    assert len(found.notes) == 2


@pytest.mark.parametrize("entries", [{"META-INF/manifest.xml": "<manifest:encryption-data/>"}, {"encrypted-package": ""}])
def test_a_document_with_a_password_is_told(tmp_path, entries):
    with pytest.raises(RejectedFileError) as refusal:
        read(document(tmp_path, "", **entries), 0)
    assert refusal.value.failure is FailureCode.ENCRYPTED


def test_a_text_has_no_pages(tmp_path):
    assert layout(document(tmp_path, "")).pages is None
