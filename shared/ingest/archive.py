"""Zip files of strangers, as Office documents, OpenDocument and EPUB are: every bound is checked while bytes are inflated.

Entries are read by name into memory and never written, so that no name can be a path; an archive inside an archive is bytes
like any other.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import IO, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.limits import (
    MAX_ARCHIVE_BYTES,
    MAX_ARCHIVE_DIRECTORY_BYTES,
    MAX_ARCHIVE_ENTRIES,
    MAX_ENTRY_BYTES,
    MAX_EXPANSION,
    MAX_PART_BYTES,
    UNCOUNTED_EXPANSION_BYTES,
)

_ENCRYPTED_FLAG = 0x1
_CHUNK_BYTES = 64 * 1024
_BROKEN = (BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


class Archive:
    """An open zip. What is inflated is counted over all its entries, so that many small bombs are as bad as a big one."""

    def __init__(self, zipped: ZipFile, file_bytes: int) -> None:
        self._zip = zipped
        self._most = min(MAX_ARCHIVE_BYTES, max(UNCOUNTED_EXPANSION_BYTES, MAX_EXPANSION * file_bytes))
        self._inflated = 0
        self._entries = {entry.filename: entry for entry in zipped.infolist()}

    @property
    def names(self) -> tuple[str, ...]:
        """The entries' names as they stand in the file: keys to read by, nothing else."""
        return tuple(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str, most_bytes: int = MAX_PART_BYTES) -> bytes:
        """A whole entry. Raises RejectedFileError: corrupt (also where there is none), encrypted, too_large."""
        with self.opened(name, most_bytes) as entry:
            return entry.read()

    @contextmanager
    def opened(self, name: str, most_bytes: int = MAX_ENTRY_BYTES) -> Iterator[BinaryIO]:
        """An entry as a stream; its reads raise as `read`."""
        entry = self._entries.get(name)
        if entry is None:
            raise corrupt()
        _check_readable(entry)
        try:
            inflated = self._zip.open(entry)
        except _BROKEN as error:
            raise corrupt() from error
        with inflated:
            # A stream to whoever reads it; only `read` and `readinto` are used.
            yield _Counted(inflated, self, most_bytes)  # type: ignore[misc]

    def count(self, read_bytes: int) -> None:
        """Note what was inflated. Raises RejectedFileError(too_large)."""
        self._inflated += read_bytes
        if self._inflated > self._most:
            raise _too_large()


class _Counted(RawIOBase):
    """An entry whose bytes are counted as they come; with `read(-1)` in pieces, so that a bomb is met before it is whole."""

    def __init__(self, inflated: IO[bytes], archive: Archive, most_bytes: int) -> None:
        self._inflated, self._archive, self._left = inflated, archive, most_bytes

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size >= 0:
            return self._piece(min(size, _CHUNK_BYTES))
        whole = BytesIO()
        while piece := self._piece(_CHUNK_BYTES):
            whole.write(piece)
        return whole.getvalue()

    def _piece(self, size: int) -> bytes:
        try:
            piece = self._inflated.read(size)
        except _BROKEN as error:
            raise corrupt() from error
        self._left -= len(piece)
        if self._left < 0:
            raise _too_large()
        self._archive.count(len(piece))
        return piece


@contextmanager
def opened_archive(path: Path) -> Iterator[Archive]:
    """The zip at the path. Raises RejectedFileError: corrupt, or too_large for one of too many entries."""
    with path.open("rb") as file:
        try:
            zipped = ZipFile(_BoundedReads(file))
        except _BROKEN as error:
            raise corrupt() from error
        with zipped:
            if len(zipped.infolist()) > MAX_ARCHIVE_ENTRIES:
                raise _too_large()
            yield Archive(zipped, path.stat().st_size)


class _BoundedReads:
    """A file of which no read takes more than a directory may have: zipfile reads that at once, whatever size it claims."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.close, self.seekable = file.seek, file.tell, file.close, file.seekable

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(min(size, MAX_ARCHIVE_DIRECTORY_BYTES + 1) if size >= 0 else MAX_ARCHIVE_DIRECTORY_BYTES + 1)
        if len(piece) > MAX_ARCHIVE_DIRECTORY_BYTES:
            raise _too_large()
        return piece


def corrupt() -> RejectedFileError:
    """The refusal of a file that cannot be unpacked, or that lacks what its format must have."""
    message = "The file is damaged or cut off and cannot be read. Open it, save it anew, and upload the new file."
    return RejectedFileError(FailureCode.CORRUPT, message)


def locked() -> RejectedFileError:
    """The refusal of a file that is protected by a password."""
    message = "The file is protected by a password. Save a copy without one, and upload that."
    return RejectedFileError(FailureCode.ENCRYPTED, message)


def _check_readable(entry: ZipInfo) -> None:
    if entry.flag_bits & _ENCRYPTED_FLAG:
        raise locked()
    # The other methods cannot be inflated piece by piece, and no office program writes them.
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise corrupt()


def _too_large() -> RejectedFileError:
    message = "The file unpacks to more than one file may have. Split it, or leave out what it has many times, and upload that."
    return RejectedFileError(FailureCode.TOO_LARGE, message)
