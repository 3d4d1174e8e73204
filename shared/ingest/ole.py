"""OLE2 containers, which old Office documents and encrypted new ones are: the names at their root, which say what they hold."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How every such file begins."""

_HEADER_BYTES = 512
_ENTRY_BYTES = 128
_NONE = 0xFFFFFFFA  # This and what is above it mark ends, free sectors and absent entries.
# A directory of some ten thousand entries; real ones have tens.
_MOST_SECTORS = 2_500
_HEADER_FAT_SECTORS = 109


def root_names(path: Path) -> frozenset[str]:
    """Names of the storages and streams at the root; of a damaged file as many as are found. Format: [MS-CFB]."""
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES or not header.startswith(MAGIC):
            return frozenset()
        shift = struct.unpack_from("<H", header, 30)[0]
        if shift not in {9, 12}:
            return frozenset()
        fat = struct.unpack_from(f"<{_HEADER_FAT_SECTORS}I", header, 76)
        sectors = _chain(file, fat, 1 << shift, struct.unpack_from("<I", header, 48)[0])
        return frozenset(_siblings(b"".join(sectors)))


def _chain(file: BinaryIO, fat: tuple[int, ...], size: int, sector: int) -> Iterator[bytes]:
    """The sectors from the first on, by the table of next ones; a loop ends at the bound."""
    for _ in range(_MOST_SECTORS):
        content = _sector(file, size, sector)
        if content is None:
            return
        yield content
        of_table, index = divmod(sector, size // 4)
        table = _sector(file, size, fat[of_table]) if of_table < len(fat) else None
        if table is None:
            return
        sector = struct.unpack_from("<I", table, index * 4)[0]


def _sector(file: BinaryIO, size: int, number: int) -> bytes | None:
    if number >= _NONE:
        return None
    file.seek((number + 1) * size)
    content = file.read(size)
    return content if len(content) == size else None


def _siblings(directory: bytes) -> Iterator[str]:
    """The names in the tree that the root entry's child is the top of."""
    waiting, seen = [_links(directory, 0)[2]] if len(directory) >= _ENTRY_BYTES else [], set[int]()
    while waiting:
        number = waiting.pop()
        if number in seen or (number + 1) * _ENTRY_BYTES > len(directory):
            continue
        seen.add(number)
        left, right, _ = _links(directory, number)
        waiting += [left, right]
        yield _name(directory, number)


def _links(directory: bytes, number: int) -> tuple[int, int, int]:
    left, right, below = struct.unpack_from("<3I", directory, number * _ENTRY_BYTES + 68)
    return left, right, below


def _name(directory: bytes, number: int) -> str:
    entry = directory[number * _ENTRY_BYTES : (number + 1) * _ENTRY_BYTES]
    length = min(64, struct.unpack_from("<H", entry, 64)[0])
    return entry[: max(0, length - 2)].decode("utf-16-le", "replace")
