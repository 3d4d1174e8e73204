"""Begins to learn a file once the bucket says that it is whole."""

from shared.ports.blobs import Blobs, BlobStat
from shared.ports.contents import Contents
from shared.runtime.functions import ObjectFinalized, storage_function
from shared.services.pipeline import Pipeline
from shared.services.uploads import accept_upload


@storage_function
async def on_upload(notice: ObjectFinalized, *, pipeline: Pipeline, contents: Contents, blobs: Blobs) -> None:
    """The notice carries what `stat` would say, so the bucket is not asked."""
    await accept_upload(pipeline, contents, blobs, BlobStat(notice.name, notice.size, notice.content_type, notice.md5))
