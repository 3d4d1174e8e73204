"""Markdown: the blocks that its parser sees, text as written but for the marks that harm reading."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import BlockKind, TextPage
from shared.ingest.encoding import decode
from shared.ingest.extraction import Extraction, Layout
from shared.ingest.limits import MAX_MARKDOWN_CHARACTERS
from shared.ingest.normal import clean, squeeze
from shared.ingest.pages import PageBuilder, content_of, whole

_FENCE = "---\n"
_DEEPEST = 40  # Block levels; real files stay under ten.


def layout(_: Path) -> Layout:
    """One part, without pages."""
    return Layout()


def read(path: Path, _: int) -> Extraction:
    """The whole file. Raises as `read_markdown`, and as `decode`."""
    return whole(read_markdown(decode(content_of(path))))


def read_markdown(text: str) -> TextPage:
    """One page without a number. Comments are left out, raw HTML gives its text, front matter stays as a paragraph.

    Raises RejectedFileError(too_large).
    """
    if len(text) > MAX_MARKDOWN_CHARACTERS:
        message = f"Markdown files may have up to {MAX_MARKDOWN_CHARACTERS:,} characters. Split the file and upload the parts."
        raise RejectedFileError(FailureCode.TOO_LARGE, message)
    matter, source = _split_front_matter(clean(text))
    page = PageBuilder(None)
    page.add(BlockKind.PARAGRAPH, matter)
    # CommonMark with the two extensions that people write everywhere; the others change what plain text means.
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
    _Walk(page).over(parser.parse(source))
    return page.build()


def _split_front_matter(text: str) -> tuple[str, str]:
    if text.startswith(_FENCE) and (end := text.find("\n" + _FENCE, len(_FENCE) - 1)) >= 0:
        return text[len(_FENCE) : end + 1], text[end + 1 + len(_FENCE) :]
    return "", text


class _Walk:
    """Goes over the tokens once; knows the marker of the list item, the heading and the row it is in."""

    def __init__(self, page: PageBuilder) -> None:
        self._page = page
        self._marker = ""
        self._level = 0
        self._cells: list[str] | None = None
        self._rows: list[str] = []

    def over(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            self._take(token)

    def _take(self, token: Token) -> None:
        match token.type:
            case "inline":
                self._add_inline(squeeze(_plain(token)))
            case "fence" | "code_block":
                self._page.add(BlockKind.CODE, token.content)
            case "html_block":
                self._add_html(token.content)
            case "list_item_open":
                self._marker = f"{token.info}{token.markup} " if token.info else "- "
            case "heading_open":
                self._level = int(token.tag[1])
            case "tr_open":
                self._cells = []
            case "tr_close":
                self._rows.append(" | ".join(self._cells or []))
                self._cells = None
            case "table_close":
                self._page.add(BlockKind.TABLE, "\n".join(self._rows))
                self._rows = []
            case _:
                return

    def _add_inline(self, text: str) -> None:
        if self._cells is not None:
            self._cells.append(text.replace("\n", " "))
        elif self._level:
            self._page.add(BlockKind.HEADING, text.replace("\n", " "), self._level)
        elif self._marker and text:
            self._page.add(BlockKind.LIST_ITEM, self._marker + text)
        else:
            self._page.add(BlockKind.PARAGRAPH, text)
        self._marker, self._level = "", 0

    def _add_html(self, source: str) -> None:
        from shared.ingest.formats.webpage import fragment_text  # noqa: PLC0415 - Few Markdown files hold HTML.

        self._page.add(BlockKind.PARAGRAPH, fragment_text(source))


def _plain(inline: Token) -> str:
    """An inline token's text without its marks; an image gives its description."""
    return "".join(_texts(inline.children or []))


def _texts(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in {"text", "code_inline"}:
            yield token.content
        elif token.type in {"softbreak", "hardbreak"}:
            yield "\n"
        elif token.type == "image":
            yield _plain(token)
