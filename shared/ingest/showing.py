"""How a picture is handed to a model that sees: of bounded size, and encoded by us whatever it came as."""

from pathlib import Path
from typing import Any

from PIL import Image

from shared.ingest.extraction import Picture

_MOST_PNG_BYTES = 1024 * 1024
_JPEG_QUALITY = 88
_PLAIN = {"L", "RGB"}


def written(image: Any, page: int, folder: Path) -> Picture:
    """The picture as a file in the folder: PNG, or JPEG where that would be large, as of a photograph."""
    path, plain = folder / f"picture-{page}", _flattened(image)
    plain.save(path, "PNG")
    is_large = path.stat().st_size > _MOST_PNG_BYTES
    if is_large:
        plain.save(path, "JPEG", quality=_JPEG_QUALITY)
    return Picture(page=page, file=path.name, content_type="image/jpeg" if is_large else "image/png")


def _flattened(image: Any) -> Any:
    """On white where it is transparent, as a page would show it; in grey or in three colours."""
    if image.mode in {"LA", "PA", "RGBA"} or "transparency" in image.info:
        seen = image.convert("RGBA")
        ground = Image.new("RGB", seen.size, "white")
        ground.paste(seen, mask=seen.getchannel("A"))
        return ground
    if image.mode.startswith("I"):
        # Sixteen bits a pixel, of which a conversion would cut off the upper.
        return image.point(lambda value: value / 256).convert("L")
    return image if image.mode in _PLAIN else image.convert("L" if image.mode == "1" else "RGB")
