"""Pictures: looked at by their headers alone, and decoded only to be shown to a model that sees."""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.page import TextPage
from shared.ingest.extraction import Extraction, Layout, Picture
from shared.ingest.limits import MAX_FRAMES, MAX_PICTURE_PIXELS, PAGES_PER_SHARD, SHOWN_SIDE
from shared.ingest.showing import written

# Whatever a file is named, only these decoders ever see it: others, as of PostScript, start programs.
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")
_LIGHT_PIXELS = 16_000_000  # Up to here every decoder has the memory that it needs.
_BROKEN = (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError)
"""What Pillow's decoders raise for files that are cut off or wrong in themselves."""


def layout(path: Path) -> Layout:
    """The pages of a TIFF, as a fax has them; one of anything else. Raises RejectedFileError: corrupt or too_large."""
    with _opened(path) as image:
        pages = _frames(image)
    return Layout(pages=pages, shards=math.ceil(pages / PAGES_PER_SHARD))


def read(path: Path, shard: int) -> Extraction:
    """Pages without text, which all wait to be seen. Raises as `layout`."""
    with _opened(path) as image:
        pages = _frames(image)
    first = shard * PAGES_PER_SHARD
    numbers = tuple(range(first + 1, min(first + PAGES_PER_SHARD, pages) + 1))
    blank = tuple(TextPage(number=number, text="", blocks=()) for number in numbers)
    return Extraction(pages=blank, characters=0, has_pictures=True, unseen=numbers)


def draw(path: Path, pages: Sequence[int]) -> tuple[Picture, ...]:
    """These pages as pictures of bounded size beside the file. Raises as `layout`."""
    return tuple(_drawn(path, page) for page in pages)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    pixels = 0
    try:
        with warnings.catch_warnings():
            # Our own limit is stricter, and looks at every frame.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as image:
                _check_size(image)
                pixels = image.width * image.height
                yield image
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except _BROKEN as error:
        # Some decoders that get no memory say no more than that they failed.
        raise _too_heavy() if pixels > _LIGHT_PIXELS else _corrupt() from error


def _frames(image: Any) -> int:
    """How many pages there are, counted no further than the limit; an animation is its first picture."""
    if image.format != "TIFF":
        return 1
    for count, frame in enumerate(ImageSequence.Iterator(image), start=1):
        _check_size(frame)
        if count > MAX_FRAMES:
            message = f"The image has more than {MAX_FRAMES} pages. Split it, and upload the parts."
            raise RejectedFileError(FailureCode.TOO_LARGE, message)
    return int(image.tell()) + 1


def _drawn(path: Path, page: int) -> Picture:
    # Opened anew for each page, since it is made smaller where it lies: a copy of the largest would not fit.
    with _opened(path) as image:
        image.seek(page - 1)
        _check_size(image)
        # A JPEG is decoded at a fraction of its size at once; anything else is decoded whole.
        image.draft("RGB", (SHOWN_SIDE, SHOWN_SIDE))
        image.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        return written(ImageOps.exif_transpose(image), page, path.parent)


def _check_size(image: Any) -> None:
    width, height = image.size
    if width * height > MAX_PICTURE_PIXELS:
        raise _too_large()


def _too_large() -> RejectedFileError:
    megapixels = MAX_PICTURE_PIXELS // 1_000_000
    message = f"The image has more than {megapixels} megapixels. Save it smaller, and upload that."
    return RejectedFileError(FailureCode.TOO_LARGE, message)


def _too_heavy() -> RejectedFileError:
    message = "The image is damaged, or takes more memory to read than one file may have. Save it smaller, and upload that."
    return RejectedFileError(FailureCode.TOO_LARGE, message)


def _corrupt() -> RejectedFileError:
    message = "The image is damaged or cut off and cannot be read. Open it, save it anew, and upload the new file."
    return RejectedFileError(FailureCode.CORRUPT, message)
