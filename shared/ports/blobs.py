"""Bytes in a bucket."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class BlobStat:
    """What the store knows of an object; `md5` is base64."""

    name: str
    size_bytes: int
    content_type: str
    md5: str | None


class Blobs(Protocol):
    """Objects of the product's one bucket: `uploads/{document_id}` from people, `derived/{document_id}/…` from stages."""

    async def create_upload_session(self, name: str, content_type: str, size_bytes: int, origin: str | None) -> str:
        """The URL of a resumable session for an object that must not exist yet, pinned to size, type and origin."""
        ...

    async def stat(self, name: str) -> BlobStat | None:
        """What is known of the object, or None."""
        ...

    async def read(self, name: str) -> bytes:
        """The whole object. Raises NotFoundError."""
        ...

    async def download(self, name: str, path: Path) -> None:
        """Stream the object into the file. Raises NotFoundError."""
        ...

    async def write(self, name: str, content: bytes, content_type: str) -> None:
        """Store the object, replacing one of that name."""
        ...

    async def upload(self, name: str, path: Path, content_type: str) -> None:
        """As `write`, streamed from the file."""
        ...

    async def delete(self, name: str) -> bool:
        """Remove the object; False where there was none."""
        ...

    async def list(self, prefix: str) -> list[str]:
        """Names that begin so, sorted."""
        ...
