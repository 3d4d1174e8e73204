"""A bucket in memory; `finish_upload` does what a browser does at a session's URL."""

import asyncio
import base64
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from shared.core.errors import ConflictError, InvalidArgumentError, NotFoundError
from shared.ports.blobs import BlobStat


@dataclass(frozen=True)
class StoredBlob:
    """An object's bytes and type."""

    content: bytes
    content_type: str


@dataclass(frozen=True)
class UploadSession:
    """What an upload session was pinned to."""

    content_type: str
    size_bytes: int
    origin: str | None


@dataclass
class MemoryBlobs:
    """Objects and open upload sessions, by name."""

    objects: dict[str, StoredBlob] = field(default_factory=dict)
    sessions: dict[str, UploadSession] = field(default_factory=dict)

    async def create_upload_session(self, name: str, content_type: str, size_bytes: int, origin: str | None) -> str:
        self.sessions[name] = UploadSession(content_type, size_bytes, origin)
        return f"memory://upload/{name}"

    def finish_upload(self, name: str, content: bytes) -> BlobStat:
        """Send all bytes to the open session. Raises ConflictError where the object exists by now."""
        session = self.sessions[name]
        if len(content) != session.size_bytes:
            raise InvalidArgumentError(f"The session is for {session.size_bytes} bytes, not {len(content)}.")
        if name in self.objects:
            raise ConflictError("The object exists.")
        del self.sessions[name]
        self.objects[name] = StoredBlob(content, session.content_type)
        return self._stat(name)

    async def stat(self, name: str) -> BlobStat | None:
        return self._stat(name) if name in self.objects else None

    async def read(self, name: str) -> bytes:
        if name not in self.objects:
            raise NotFoundError("There is no such object.")
        return self.objects[name].content

    async def download(self, name: str, path: Path) -> None:
        content = await self.read(name)
        await asyncio.to_thread(path.write_bytes, content)

    async def write(self, name: str, content: bytes, content_type: str) -> None:
        self.objects[name] = StoredBlob(content, content_type)

    async def upload(self, name: str, path: Path, content_type: str) -> None:
        await self.write(name, await asyncio.to_thread(path.read_bytes), content_type)

    async def delete(self, name: str) -> bool:
        return self.objects.pop(name, None) is not None

    async def list(self, prefix: str) -> list[str]:
        return sorted(name for name in self.objects if name.startswith(prefix))

    def _stat(self, name: str) -> BlobStat:
        blob = self.objects[name]
        md5 = base64.b64encode(hashlib.md5(blob.content, usedforsecurity=False).digest()).decode()
        return BlobStat(name, len(blob.content), blob.content_type, md5)
