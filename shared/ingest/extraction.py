"""What a reader makes of a file: how it is parted, and the text of one part with what was found beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from shared.domain.base import Model
from shared.domain.page import TextPage


class Layout(Model):
    """How a file is parted: `pages` is null where the format has none; a shard is a range of pages that one step reads.

    A slide, a sheet, a chapter and a thousand rows of a table are pages too.
    """

    pages: int | None = None
    shards: int = 1


class Picture(Model):
    """A page that is a picture of text, drawn to a file beside the one that is read, for a model that sees."""

    page: int
    file: str
    content_type: str


class Attachment(Model):
    """A file inside the file, written beside it; to be learned as a document of its own."""

    name: str
    file: str
    content_type: str
    size_bytes: int


class Extraction(Model):
    """One shard's pages. Of these, `characters` counts what is surely text, and `has_pictures` says that OCR might find more:
    a page that is a picture with a few stray words, as of a scanner, is not counted. These pages are `unseen`; their `pictures`
    are drawn only when somebody will look at them. `notes` tell in sentences what was left out.
    """

    pages: tuple[TextPage, ...]
    characters: int
    has_pictures: bool = False
    unseen: tuple[int, ...] = ()
    pictures: tuple[Picture, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    notes: tuple[str, ...] = ()


class Reader(Protocol):
    """A module of `formats`. Synchronous and CPU-bound, on untrusted input. It writes nowhere but into `path.parent`."""

    def layout(self, path: Path) -> Layout:
        """How the file is parted, without reading more than that needs. Raises RejectedFileError."""
        ...

    def read(self, path: Path, shard: int) -> Extraction:
        """The shard's pages in order, a page without text as an empty one. Raises RejectedFileError."""
        ...


class Drawer(Protocol):
    """What a reader whose pages may be pictures does too."""

    def draw(self, path: Path, pages: Sequence[int]) -> tuple[Picture, ...]:
        """Pages by number, drawn to files in `path.parent`; one that cannot be drawn is left out. Raises RejectedFileError."""
        ...
