"""Two large files, made alike each time: a PDF of 2,000 pages and 100 MB, and a table of 300,000 rows."""

import csv
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import BinaryIO

PDF_PAGES = 2000
CSV_ROWS = 300_000
_IMAGE_SIDE = 223
"""Pixels of one byte: what noise cannot be compressed below, 50 KB a page."""

_PROSE = (
    "the quarterly report shows that revenue from services grew while costs of material fell and margins improved in most "
    "regions although demand for older products declined because customers waited for the new line which management expects "
    "to ship before the end of next year subject to approval by regulators and to the usual risks described elsewhere here"
)
_WORDS = _PROSE.split()
_LINES_A_PAGE = 40
_WORDS_A_LINE = 11


def make_pdf(path: Path, pages: int = PDF_PAGES) -> None:
    """Pages of compressed text, each with a picture of noise that no compression makes smaller."""
    dice = Random(20261128)
    with path.open("wb") as file:
        writer = _PdfWriter(file)
        font = writer.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
        # The tree of pages comes last, and its number must be known to each page.
        tree = 2 + 3 * pages
        for number in range(1, pages + 1):
            _add_page(writer, number, font, tree, dice)
        kids = b" ".join(b"%d 0 R" % (4 + 3 * index) for index in range(pages))
        writer.add(b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, kids))
        writer.finish(writer.add(b"<< /Type /Catalog /Pages %d 0 R >>" % tree))


def make_csv(path: Path, rows: int = CSV_ROWS) -> None:
    """Orders with a date, a price and a remark of a few words."""
    dice = Random(20261128)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("order", "date", "customer", "product", "quantity", "price", "remark"))
        writer.writerows(_order(number, dice) for number in range(1, rows + 1))


def _order(number: int, dice: Random) -> tuple[str, ...]:
    date = f"2025-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    customer, product = f"C{dice.randint(1, 9999):04}", dice.choice(("anchor", "buoy", "cleat", "dinghy", "fender"))
    remark = " ".join(dice.choices(_WORDS, k=6))
    return f"{number:06}", date, customer, product, str(dice.randint(1, 40)), f"{dice.uniform(1, 900):.2f}", remark


def _add_page(writer: "_PdfWriter", number: int, font: int, tree: int, dice: Random) -> None:
    text = zlib.compress("\n".join(_drawing(number, dice)).encode())
    image = dice.randbytes(_IMAGE_SIDE * _IMAGE_SIDE)
    shape = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
    picture = writer.add_stream(shape % (_IMAGE_SIDE, _IMAGE_SIDE), image)
    content = writer.add_stream(b"/Filter /FlateDecode", text)
    resources = b"<< /Font << /F %d 0 R >> /XObject << /I %d 0 R >> >>" % (font, picture)
    page = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 612 792] /Resources %s /Contents %d 0 R >>"
    writer.add(page % (tree, resources, content))


def _drawing(number: int, dice: Random) -> Iterator[str]:
    yield "q 120 0 0 120 450 20 cm /I Do Q BT /F 11 Tf 14 TL 40 750 Td"
    yield f"(Page {number} of the handbook) Tj T* T*"
    for _ in range(_LINES_A_PAGE):
        yield f"({' '.join(dice.choices(_WORDS, k=_WORDS_A_LINE))}) Tj T*"
    yield "ET"


class _PdfWriter:
    """Writes objects one by one and remembers where each begins, as the table at a PDF's end must tell (ISO 32000-1, 7.5)."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._offsets: list[int] = []
        file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add(self, content: bytes) -> int:
        """The object's number."""
        self._offsets.append(self._file.tell())
        self._file.write(b"%d 0 obj\n%s\nendobj\n" % (len(self._offsets), content))
        return len(self._offsets)

    def add_stream(self, entries: bytes, content: bytes) -> int:
        """The number of a stream with these entries in its dictionary."""
        return self.add(b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content))

    def finish(self, catalog: int) -> None:
        """The table of objects, and where it begins."""
        start, count = self._file.tell(), len(self._offsets) + 1
        table = b"".join(b"%010d 00000 n \n" % offset for offset in self._offsets)
        self._file.write(b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table))
        self._file.write(b"trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, catalog, start))
