"""Files to read: public ones by name, and PDFs small enough to be written here."""

from collections.abc import Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from shared.domain.page import TextPage

FILES = Path(__file__).resolve().parents[2] / "files"


def write_zip(path: Path, entries: dict[str, str | bytes]) -> Path:
    """A zip of these entries in their order; one that is called mimetype is stored as it is, as its formats want it."""
    with ZipFile(path, "w", ZIP_DEFLATED) as written:
        for name, content in entries.items():
            written.writestr(name, content, ZIP_STORED if name == "mimetype" else ZIP_DEFLATED)
    return path


def block_list(page: TextPage) -> list[tuple[str, int, str]]:
    """Kind, level and text of each block."""
    return [(block.kind.value, block.level, page.text[block.start : block.end]) for block in page.blocks]


def text_at(*lines: tuple[float, float, float, str], font: str = "F1") -> str:
    """A content stream of lines (left, baseline, size, text)."""
    return "\n".join(f"BT /{font} {size} Tf {left} {baseline} Td ({text}) Tj ET" for left, baseline, size, text in lines)


def write_pdf(path: Path, pages: Sequence[str]) -> Path:
    """A PDF of A4 pages with these content streams; F1 is regular, F2 bold."""
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>",
    ]
    for number, content in enumerate(pages):
        fonts = "<< /Font << /F1 3 0 R /F2 4 0 R >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources {fonts} /Contents {6 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    path.write_bytes(_assembled(objects))
    return path


def _assembled(objects: Sequence[str]) -> bytes:
    body, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, written in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{written}\nendobj\n".encode("latin-1")
    entries = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{entries}"
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return bytes(body) + (table + trailer).encode("latin-1")
