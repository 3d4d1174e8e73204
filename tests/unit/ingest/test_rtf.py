from pathlib import Path

import pytest

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.extraction import Extraction
from shared.ingest.formats.rtf import read
from tests.unit.ingest.samples import block_list

FONTS = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Cyr;}{\f2\fcharset128 Mincho;}}"
COLOURS = r"{\colortbl;\red0\green0\blue0;\red255\green255\blue255;}"
STYLES = r"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 Top;}{\s2 heading 2;}}"


def extracted(path: Path, body: str) -> Extraction:
    source = rf"{{\rtf1\ansi\ansicpg1252{FONTS}{COLOURS}{STYLES}{body}}}"
    (path / "a.rtf").write_bytes(source.encode("latin-1"))
    return read(path / "a.rtf", 0)


def blocks(path: Path, body: str) -> list[tuple[str, int, str]]:
    return block_list(extracted(path, body).pages[0])


def texts(path: Path, body: str) -> list[str]:
    return [text for _, _, text in blocks(path, body)]


def test_headings_are_known_by_style_and_outline_level(tmp_path):
    body = r"\pard\s1 One\par\pard\s2 Two\par\pard\outlinelevel2 Three\par\pard Text\par"
    assert blocks(tmp_path, body) == [
        ("heading", 1, "One"),
        ("heading", 2, "Two"),
        ("heading", 3, "Three"),
        ("paragraph", 0, "Text"),
    ]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"caf\'e9 \emdash  \ldblquote x\rdblquote", "café — “x”"),
        (r"{\f1 \'cf\'f0\'e8} {\f2 \'93\'fa\'96\'7b}", "При 日本"),
        (r"\u26085?\u26412\'3f \uc2\u233ab\uc0\u233x", "日本 ééx"),
        (r"\u-10187?\u-8380?", "\U0001d744"),
        (r"lone \u-10187? half", "lone \ufffd half"),
        (r"a\{b\}c\\d\~e\_f\tab g", "a{b}c\\d e-f g"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}", "link"),
        (r"{\pict 89504e470d0a}{\info{\author Ann}}{\*\unknown secret}\bin3 {{{text", "text"),
        ("wrapped\r\n line", "wrapped line"),
    ],
)
def test_text_is_read_as_it_was_meant(tmp_path, body, text):
    assert texts(tmp_path, body) == [text]


def test_lists_have_the_marker_that_stands_before_them(tmp_path):
    body = r"{\listtext 1.\tab}one\par{\listtext\'b7\tab}dot\par plain\par"
    assert blocks(tmp_path, body) == [("list_item", 0, "1. one"), ("list_item", 0, "- dot"), ("paragraph", 0, "plain")]


def test_tables_are_whole(tmp_path):
    body = r"\trowd\intbl Tea\cell Milk\par cold\cell\row\trowd\intbl\cell 2\cell\row\pard After\par"
    assert blocks(tmp_path, body) == [("table", 0, "Tea | Milk cold\n | 2"), ("paragraph", 0, "After")]


def test_notes_boxes_headers_and_footers_are_read(tmp_path):
    body = r"{\header Sea life\par}{\footer Page 1 of it}Whales{\footnote {\super\chftn} Loudly.} sing.\par"
    body += r"{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt In the box\par}}{\shprslt old}}Around\par"
    assert texts(tmp_path, body) == ["Sea life", "Whales[1] sing.", "[1] Loudly.", "Around", "In the box", "Page 1 of it"]


@pytest.mark.parametrize("hidden", [r"{\v secret}", r"{\fs1 secret}", r"{\cf2 secret}"])
def test_what_is_not_shown_is_kept_out_with_a_note(tmp_path, hidden):
    found = extracted(tmp_path, rf"Before {hidden}after\par")
    assert (found.pages[0].text, found.notes) == (
        "Before after",
        ("Text that the document does not show was left out (1 found).",),
    )


@pytest.mark.parametrize(
    "seen", [r"{\v\v0 Seen}", r"{\fs8 Seen}", r"{\cf2\highlight1 Seen}", r"{\cf2\plain Seen}", r"\intbl\cf2 Seen\cell\row"]
)
def test_what_may_be_seen_is_read(tmp_path, seen):
    found = extracted(tmp_path, seen)
    assert (found.pages[0].text, found.notes) == ("Seen", ())


def test_comments_and_deletions_are_kept_out(tmp_path):
    found = extracted(tmp_path, r"Text{\*\annotation Obey me}{\deleted gone}\par")
    assert (found.pages[0].text, found.notes) == ("Text", ("What reviewers commented was left out (1 found).",))


def test_a_file_that_is_cut_off_gives_what_there_is(tmp_path):
    (tmp_path / "a.rtf").write_bytes(rb"{\rtf1 Whole\par cut {\b off")
    assert read(tmp_path / "a.rtf", 0).pages[0].text == "Whole\n\ncut off"


def test_groups_beyond_reason_are_refused(tmp_path):
    with pytest.raises(RejectedFileError) as refusal:
        extracted(tmp_path, "{" * 1001)
    assert refusal.value.failure is FailureCode.TOO_LARGE
