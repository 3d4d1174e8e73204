"""Pages as they are built and as they are stored between stages."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import Block, BlockKind, TextPage
from shared.ingest.extraction import Extraction
from shared.ingest.limits import MAX_BLOCKS, MAX_CHARACTERS, MAX_TEXT_BYTES

_PAGES = TypeAdapter(tuple[TextPage, ...])
_GAP = "\n\n"


class PageBuilder:
    """Collects blocks; the page's text is the blocks with an empty line between, so every span is exact by construction."""

    def __init__(self, number: int | None, max_characters: int = MAX_CHARACTERS) -> None:
        self._number = number
        self._max_characters = max_characters
        self._parts: list[str] = []
        self._blocks: list[Block] = []
        self._length = 0

    def add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        """Append a block; blank text adds nothing. Raises RejectedFileError(too_large)."""
        text = text.strip("\n").rstrip() if kind is BlockKind.CODE else text.strip()
        if not text:
            return
        start = self._length + (len(_GAP) if self._parts else 0)
        end = start + len(text)
        # Checked before the text is kept: a hostile file must not be whole in memory first.
        if end > self._max_characters:
            raise RejectedFileError(FailureCode.TOO_LARGE, _too_long(self._number, self._max_characters))
        check_blocks(len(self._blocks) + 1)
        self._parts.append(text)
        self._blocks.append(Block(kind=kind, start=start, end=end, level=level))
        self._length = end

    def build(self) -> TextPage:
        """The page; its text is empty where nothing was added."""
        return TextPage(number=self._number, text=_GAP.join(self._parts), blocks=tuple(self._blocks))


def check_blocks(count: int) -> None:
    """Raises RejectedFileError(too_large) where one shard has so many; whoever puts pages together asks for their sum."""
    if count > MAX_BLOCKS:
        message = f"A part of the file has more than {MAX_BLOCKS:,} paragraphs. Split the file, and upload the parts."
        raise RejectedFileError(FailureCode.TOO_LARGE, message)


def content_of(path: Path) -> bytes:
    """The file's bytes, one more than a text may have at most: it tells that the file is too long without reading the rest."""
    with path.open("rb") as file:
        return file.read(MAX_TEXT_BYTES + 1)


def whole(page: TextPage) -> Extraction:
    """The extraction of a file that is one page."""
    return Extraction(pages=(page,), characters=len(page.text))


def dump_pages(pages: Sequence[TextPage]) -> bytes:
    """Pages as compact JSON in UTF-8."""
    return _PAGES.dump_json(tuple(pages))


def load_pages(stored: bytes) -> list[TextPage]:
    """Pages that `dump_pages` wrote."""
    return list(_PAGES.validate_json(stored))


def _too_long(number: int | None, limit: int) -> str:
    where = "The text" if number is None else f"The text of page {number}"
    return f"{where} is longer than {limit:,} characters. Split the file into smaller ones and upload those."
