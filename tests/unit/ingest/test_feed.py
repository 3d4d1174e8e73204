from pathlib import Path

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind
from shared.ingest.extract import extract
from shared.ingest.kinds import Kind
from shared.ingest.limits import MAX_XML_BYTES

HOSTILE = Path(__file__).resolve().parents[4] / "shared" / "data" / "hostile" / "xml"
RSS = """<?xml version="1.0"?><rss xmlns:c="http://purl.org/rss/1.0/modules/content/"><channel><title>News</title>
<item><title>Whales &amp;amp; krill</title><pubDate>Mon, 9 Dec</pubDate><description>Short.</description>
<c:encoded><![CDATA[<p>Whales eat <b>krill</b>.</p><ul><li>much</li></ul><p style="display:none">secret</p>]]></c:encoded></item>
<item><title>Second</title><description>Plain &amp;lt; text</description></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Log</title><entry><title type="html">&lt;b&gt;One&lt;/b&gt;</title>
<updated>2026-01-01</updated><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Body</p></div></content></entry></feed>"""


WORKBOOK = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<DocumentProperties xmlns="urn:schemas-microsoft-com:office:office"><Author>Nobody</Author></DocumentProperties>
<Worksheet ss:Name="Catch &amp; size"><Table><Row><Cell><Data ss:Type="String">Whale</Data></Cell>
<Cell><Data ss:Type="String">Tons</Data></Cell><Cell><Data ss:Type="String">Sea</Data></Cell></Row><Row/>
<Row><Cell><Data ss:Type="String">Blue</Data></Cell><Cell ss:Index="3"><Data ss:Type="String">a &lt; b</Data></Cell></Row>
</Table></Worksheet><Worksheet ss:Name="Empty"><Table/></Worksheet></Workbook>"""


def read(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return extract(path, Kind.XML, 0).pages[0]


def texts(page):
    return [page.text[block.start : block.end] for block in page.blocks]


def test_a_feed_is_its_items_with_titles_dates_and_the_fullest_text(tmp_path):
    page = read(tmp_path / "a", RSS)
    assert texts(page) == [
        *("News", "Whales & krill", "pubDate: Mon, 9 Dec", "Whales eat krill.", "- much"),
        *("Second", "Plain < text"),
    ]
    assert [block.level for block in page.blocks if block.kind is BlockKind.HEADING] == [1, 2, 2]


def test_a_workbook_of_excel_2003_is_a_table_for_each_sheet(tmp_path):
    page = read(tmp_path / "a", WORKBOOK)
    assert texts(page) == ["Catch & size", "Whale | Tons | Sea\nBlue |  | a < b"]
    assert [block.kind for block in page.blocks] == [BlockKind.HEADING, BlockKind.TABLE]


def test_an_index_of_a_cell_costs_no_memory(tmp_path):
    page = read(tmp_path / "a", WORKBOOK.replace('Index="3"', 'Index="9999"'))
    assert len(page.text) < 200


def test_atom_is_read_alike(tmp_path):
    assert texts(read(tmp_path / "a", ATOM)) == ["Log", "One", "updated: 2026-01-01", "Body"]


def test_other_xml_gives_paragraphs_and_records(tmp_path):
    content = "<r><p>One <i>and</i> two.</p><p>Three</p><book><title>Moby</title><year>1851</year></book></r>"
    assert texts(read(tmp_path / "a", content)) == ["One and two.", "Three", "title: Moby\nyear: 1851"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_the_encoding_is_found_whatever_the_declaration_says(tmp_path, encoding):
    content = f'<?xml version="1.0" encoding="{encoding}"?><r><a>Zoë</a></r>'
    assert read(tmp_path / "a", content.encode(encoding)).text == "Zoë"


ENTITIES = [
    '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]><r>&e;</r>',
    '<!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><r>&b;</r>',
    '<!DOCTYPE r [<!ENTITY a "x">]><r k="&a;">y</r>',
]


@pytest.mark.parametrize(
    "content", [*ENTITIES, "<r><a></r>", "no xml", '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]><r/>']
)
def test_entities_and_what_is_not_well_formed_are_refused(tmp_path, content):
    with pytest.raises(RejectedFileError) as refusal:
        read(tmp_path / "a", content)
    assert refusal.value.failure is FailureCode.CORRUPT


@pytest.mark.skipif(not HOSTILE.exists(), reason="the hostile files (../shared/data/hostile) are absent")
@pytest.mark.parametrize("name", ["cyclic.xml", "external.xml", "external_file.xml", "xmlbomb.xml"])
def test_public_bombs_are_refused(tmp_path, name):
    with pytest.raises(RejectedFileError) as refusal:
        read(tmp_path / "a", (HOSTILE / name).read_bytes())
    assert refusal.value.failure is FailureCode.CORRUPT


def test_xml_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(RejectedFileError) as refusal:
        read(tmp_path / "a", "<r>" + "x" * MAX_XML_BYTES + "</r>")
    assert refusal.value.failure is FailureCode.TOO_LARGE
