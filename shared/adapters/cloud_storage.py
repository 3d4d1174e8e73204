"""The product's bucket in Cloud Storage; the library is synchronous, so each call runs in a thread."""

import asyncio
from pathlib import Path

from google.api_core.exceptions import NotFound
from google.cloud.storage import Bucket, Client
from google.cloud.storage.retry import DEFAULT_RETRY

from shared.adapters.google_errors import translated
from shared.core.errors import NotFoundError
from shared.ports.blobs import BlobStat

# Names are ours and a write stores the same bytes again, so every call may be repeated.
_RETRY = DEFAULT_RETRY


class CloudStorageBlobs:
    """Objects of one bucket; the library itself finds the emulator."""

    def __init__(self, bucket: str, project: str) -> None:
        self._bucket: Bucket = Client(project=project).bucket(bucket)

    @translated
    async def create_upload_session(self, name: str, content_type: str, size_bytes: int, origin: str | None) -> str:
        """As the port says; the session lives a week, and needs no further credentials."""
        # The session carries its permission in its address, so the page needs no credentials of Google. The generation match lets
        # it make the object once: what was learned is never replaced under its document.
        session = await asyncio.to_thread(
            self._bucket.blob(name).create_resumable_upload_session,
            content_type=content_type,
            size=size_bytes,
            origin=origin,
            if_generation_match=0,
        )
        return str(session)

    @translated
    async def stat(self, name: str) -> BlobStat | None:
        """As the port says."""
        blob = await asyncio.to_thread(self._bucket.get_blob, name)
        return BlobStat(name, blob.size, blob.content_type, blob.md5_hash) if blob else None

    @translated
    async def read(self, name: str) -> bytes:
        """As the port says."""
        try:
            return await asyncio.to_thread(self._bucket.blob(name).download_as_bytes)
        except NotFound as error:
            raise _missing() from error

    @translated
    async def download(self, name: str, path: Path) -> None:
        """As the port says; no file is left where there is no object."""
        try:
            await asyncio.to_thread(self._bucket.blob(name).download_to_filename, str(path))
        except NotFound as error:
            raise _missing() from error

    @translated
    async def write(self, name: str, content: bytes, content_type: str) -> None:
        """As the port says."""
        upload = self._bucket.blob(name).upload_from_string
        await asyncio.to_thread(upload, content, content_type=content_type, retry=_RETRY)

    @translated
    async def upload(self, name: str, path: Path, content_type: str) -> None:
        """As the port says."""
        upload = self._bucket.blob(name).upload_from_filename
        await asyncio.to_thread(upload, str(path), content_type=content_type, retry=_RETRY)

    @translated
    async def delete(self, name: str) -> bool:
        """As the port says."""
        try:
            await asyncio.to_thread(self._bucket.blob(name).delete, retry=_RETRY)
        except NotFound:
            return False
        return True

    @translated
    async def list(self, prefix: str) -> list[str]:
        """As the port says; names alone are transferred."""
        return await asyncio.to_thread(_names, self._bucket, prefix)


def _names(bucket: Bucket, prefix: str) -> list[str]:
    return sorted(str(blob.name) for blob in bucket.list_blobs(prefix=prefix, fields="items(name),nextPageToken"))


def _missing() -> NotFoundError:
    return NotFoundError("There is no such object.")
