"""What a page says of a file before it sends it, and where it may then send it."""

from datetime import datetime

from pydantic import Field

from shared.domain.base import Id, Model
from shared.domain.document import Title


class CreateUpload(Model):
    """The file as the page knows it; `title` is its name, whose extension counts where the browser knows no type."""

    bot_id: Id
    title: Title
    content_type: str = Field(default="", max_length=200)
    size_bytes: int = Field(ge=1)


class Upload(Model):
    """Where to send the bytes: a resumable session of Cloud Storage, to be used from the origin that asked for it."""

    document_id: str
    upload_url: str
    content_type: str = Field(description="What the session is pinned to; send it as the Content-Type.")
    expires_at: datetime
