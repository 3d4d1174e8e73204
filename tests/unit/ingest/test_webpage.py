import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import TextPage
from shared.ingest.formats.webpage import fragment_text, read_html
from shared.ingest.limits import MAX_HTML_BYTES
from tests.unit.ingest.samples import FILES

ARTICLE = "".join(
    f"<p>Sentence {number} of the article says something of its own, at some length, for a reader.</p>" for number in range(12)
)
NEWS = f"""<!doctype html><html><head><title>The News - Site</title><script>track()</script></head><body>
<nav><a href="/">Home</a> <a href="/sport">Sport pages</a></nav>
<article><h1>Harvest is early</h1>{ARTICLE}<h2>What comes next</h2>{ARTICLE}</article>
<aside>Most read stories</aside><footer>All rights reserved</footer></body></html>"""


def read(source: str) -> TextPage:
    return read_html(source.encode())


def blocks(page: TextPage) -> list[tuple[str, int, str]]:
    return [(block.kind.value, block.level, page.text[block.start : block.end]) for block in page.blocks]


def test_a_web_page_gives_its_main_text_under_its_title():
    found = blocks(read(NEWS))
    assert found[0] == ("heading", 1, "Harvest is early")
    assert ("heading", 2, "What comes next") in found
    assert not {"Sport pages", "Most read stories", "All rights reserved"} & {text for _, _, text in found}


def test_a_page_that_is_all_document_is_taken_whole():
    source = "<title>Manual</title><body><h2>Start</h2>Loose text<p>One<br>two</p><ol><li>first<li>second</ol><ul><li>dot</ul>"
    assert blocks(read(source)) == [
        ("heading", 1, "Manual"),
        ("heading", 2, "Start"),
        ("paragraph", 0, "Loose text"),
        ("paragraph", 0, "One\ntwo"),
        ("list_item", 0, "1. first"),
        ("list_item", 0, "2. second"),
        ("list_item", 0, "- dot"),
    ]


def test_a_table_of_data_is_one_block_and_one_that_lays_out_is_none():
    source = """<table><caption>Prices</caption><tr><th>Tea<th>Milk<tr><td>2<td> 1 </table>
    <table><tr><td><h3>Left</h3><td>Right column</table>"""
    assert blocks(read(source)) == [
        ("table", 0, "Prices\nTea | Milk\n2 | 1"),
        ("heading", 3, "Left"),
        ("paragraph", 0, "Right column"),
    ]


def test_code_keeps_its_lines_and_indents():
    assert blocks(read("<p>Run:<pre><code>def f():\n    return 1\n</code></pre>done")) == [
        ("paragraph", 0, "Run:"),
        ("code", 0, "def f():\n    return 1"),
        ("paragraph", 0, "done"),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>secret</p>",
        "<p style='Display: NONE'>secret</p>",
        "<span style='color:red; visibility : hidden'>secret</span>",
        "<span style='font-size:0px'>secret</span>",
        "<div style='opacity:0'>secret</div>",
        "<div style='height:1px;overflow:hidden'>secret</div>",
        "<div style='position:absolute;left:-9999px'>secret</div>",
        "<span aria-hidden='true'>secret</span>",
        "<template><p>secret</p></template>",
        "<noscript>secret</noscript>",
        "<script>secret</script>",
        "<style>secret{}</style>",
        "<!-- secret -->",
        "<p>&#xE0073;&#xE0065;&#xE0063;</p>",
    ],
)
def test_what_a_reader_would_not_see_is_left_out(hidden):
    assert read(f"<body><p>Before</p>{hidden}<p>After</p>").text == "Before\n\nAfter"


@pytest.mark.parametrize(
    "style", ["font-size:0.9em", "opacity:0.8", "width:100px", "height:10px", "line-height:1", "margin-left:-100px"]
)
def test_what_only_looks_like_hiding_stays(style):
    assert read(f"<body><p style='{style}'>Seen</p>").text == "Seen"


def test_a_body_that_waits_for_its_script_is_read():
    assert "Seen" in read("<html><body style='display:none'><p>Seen</p></body></html>").text


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("<meta charset='iso-8859-2'>", "iso8859-2"),
        ("<meta http-equiv='Content-Type' content='text/html; charset=windows-1250'>", "cp1250"),
        ("<meta charset='utf-8'>", "utf-8"),
        ("<meta charset='iso-8859-1'>", "utf-8"),
    ],
)
def test_the_charset_a_page_names_is_used_unless_its_bytes_prove_another(head, encoding):
    assert "Zażółć gęślą jaźń" in read_html(f"<html><head>{head}</head><body><p>Zażółć gęślą jaźń</p>".encode(encoding)).text


def test_a_public_page_in_utf_16_is_read():
    assert "This is a sample text" in read_html((FILES / "testHTML_charset_utf16le.html").read_bytes()).text


def test_a_public_page_with_code_is_read_without_its_hidden_part():
    page = read_html((FILES / "html_code_snippets.html").read_bytes())
    kinds = [block.kind.value for block in page.blocks]
    assert page.text.count("Code snippets") == 1
    assert "converter = DocumentConverter()\nresult" in page.text
    assert kinds.count("code") == 2
    assert page.text.endswith("from HuggingFace...")


@pytest.mark.parametrize("source", ["", "   ", "<!-- only -->", "<html></html>", "<?xml version='1.0'?>"])
def test_a_page_without_text_is_empty(source):
    assert read(source).text == ""


def test_markup_nested_beyond_reason_is_left_out():
    assert "deep" not in read("<p>before</p>" + "<div>" * 20_000 + "<p>deep</p>").text


def test_a_page_beyond_the_limit_is_refused():
    with pytest.raises(RejectedFileError) as refusal:
        read_html(b"<p>" + b"a" * MAX_HTML_BYTES)
    assert refusal.value.failure is FailureCode.TOO_LARGE


def test_a_fragment_gives_its_visible_text():
    assert fragment_text("<b>one</b><p>two</p><p hidden>three</p>") == "one\ntwo"
