import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.extract import draw, extract, plan
from shared.ingest.extraction import Picture
from shared.ingest.formats import image
from shared.ingest.kinds import Kind
from shared.ingest.limits import MAX_PICTURE_PIXELS, SHOWN_SIDE
from shared.ingest.sandbox import draw_contained
from tests.unit.ingest.samples import FILES, write_pdf

FORMS = [("PNG", Kind.PNG), ("JPEG", Kind.JPEG), ("GIF", Kind.GIF), ("WEBP", Kind.WEBP), ("TIFF", Kind.TIFF), ("BMP", Kind.BMP)]


def saved(folder: Path, form: str, picture: Image.Image | None = None, **options) -> Path:
    path = folder / "upload"
    (picture or Image.new("RGB", (60, 40), "white")).save(path, form, **options)
    return path


def shown(folder: Path, picture: Picture) -> Image.Image:
    return Image.open(BytesIO((folder / picture.file).read_bytes()))


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims these dimensions and holds one empty scan line."""
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    parts = (struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def refused(path: Path) -> FailureCode:
    with pytest.raises(RejectedFileError) as refusal:
        draw(path, plan(path, "image/png").kind, [1])
    return refusal.value.failure


@pytest.mark.parametrize(("form", "kind"), FORMS)
def test_every_form_is_a_page_that_waits_to_be_seen(tmp_path, form, kind):
    path = saved(tmp_path, form)
    planned = plan(path, "image/png")
    found = extract(path, planned.kind, 0)
    assert (planned.kind, planned.pages, planned.shards) == (kind, 1, 1)
    assert (found.characters, found.has_pictures, found.unseen, [page.text for page in found.pages]) == (0, True, (1,), [""])
    [picture] = draw(path, kind, [1])
    assert shown(tmp_path, picture).size == (60, 40)


def test_the_pages_of_a_tiff_are_pages(tmp_path):
    pages = [Image.new("1", (30 + number, 20)) for number in range(43)]
    path = saved(tmp_path, "TIFF", pages[0], save_all=True, append_images=pages[1:])
    planned = plan(path, "image/tiff")
    assert (planned.pages, planned.shards) == (43, 2)
    assert extract(path, Kind.TIFF, 1).unseen == (41, 42, 43)
    assert shown(tmp_path, draw(path, Kind.TIFF, [42])[0]).size == (71, 20)


def test_more_pages_than_a_tiff_may_have_are_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(image, "MAX_FRAMES", 2)
    pages = [Image.new("1", (3, 2))] * 3
    assert refused(saved(tmp_path, "TIFF", pages[0], save_all=True, append_images=pages[1:])) is FailureCode.TOO_LARGE


def test_a_picture_is_shown_no_larger_than_a_model_looks_at(tmp_path):
    path = saved(tmp_path, "PNG", Image.new("L", (5000, 400), "white"))
    assert shown(tmp_path, draw(path, Kind.PNG, [1])[0]).size == (SHOWN_SIDE, 164)


def test_a_bomb_is_refused_by_its_claim_before_it_is_decoded(tmp_path):
    path = tmp_path / "upload"
    for width, height in ((MAX_PICTURE_PIXELS, 2), (60_000, 60_000), (2**31 - 1, 1)):
        path.write_bytes(png_of(width, height))
        assert refused(path) is FailureCode.TOO_LARGE


@pytest.mark.parametrize("form", [form for form, _ in FORMS])
def test_a_picture_that_is_cut_off_is_corrupt(tmp_path, form):
    path = saved(tmp_path, form, Image.effect_noise((60, 40), 90))
    path.write_bytes(path.read_bytes()[:-600])
    assert refused(path) is FailureCode.CORRUPT


def test_no_decoder_of_another_format_is_tried(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    with pytest.raises(RejectedFileError) as refusal:
        extract(path, Kind.PNG, 0)
    assert refusal.value.failure is FailureCode.CORRUPT


def test_what_is_transparent_is_white_and_a_turned_photograph_is_turned_back(tmp_path):
    clear = draw(saved(tmp_path, "PNG", Image.new("RGBA", (4, 4), (0, 0, 0, 0))), Kind.PNG, [1])
    assert shown(tmp_path, clear[0]).getpixel((0, 0)) == (255, 255, 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    [turned] = draw(saved(tmp_path, "JPEG", exif=exif), Kind.JPEG, [1])
    assert shown(tmp_path, turned).size == (40, 60)


def test_sixteen_bits_of_grey_keep_their_shades(tmp_path):
    path = saved(tmp_path, "PNG", Image.frombytes("I;16", (2, 1), struct.pack("<HH", 0, 0x8000)))
    grey = shown(tmp_path, draw(path, Kind.PNG, [1])[0])
    assert [grey.getpixel((column, 0)) for column in (0, 1)] == [0, 128]


def test_a_photograph_is_handed_on_as_jpeg(tmp_path):
    path = saved(tmp_path, "PNG", Image.merge("RGB", [Image.effect_noise((900, 900), 90)] * 3))
    [picture] = draw(path, Kind.PNG, [1])
    assert (picture.content_type, shown(tmp_path, picture).format) == ("image/jpeg", "JPEG")


async def test_pages_of_a_pdf_are_drawn_in_a_child_to_a_bounded_size(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes((FILES / "imagemagick-images.pdf").read_bytes())
    pictures = await draw_contained(path, Kind.PDF, [1, 3])
    assert [picture.page for picture in pictures] == [1, 3]
    assert all(max(shown(tmp_path, picture).size) <= SHOWN_SIDE for picture in pictures)


def test_a_page_as_large_as_a_field_is_drawn_small(tmp_path):
    path = write_pdf(tmp_path / "a.pdf", ["0 0 9 9 re f"])
    path.write_bytes(path.read_bytes().replace(b"[0 0 595 842]", b"[0 0 14400 9]"))
    [picture] = draw(path, Kind.PDF, [1])
    assert shown(tmp_path, picture).size == (SHOWN_SIDE, 2)
