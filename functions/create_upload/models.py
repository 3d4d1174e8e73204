"""What a page says of a file before it sends it, and where it may then send it."""

from datetime import datetime

from pydantic import Field

from shared.domain.base import Id, Model, spelled
from shared.domain.document import Title

MAX_HEAD_BYTES = 8 * 1024
"""Enough to tell every format that is read from every other."""

_MOST_HEAD_CHARACTERS = (MAX_HEAD_BYTES + 2) // 3 * 4


class CreateUpload(Model):
    """The file as the page knows it; `title` is its name, whose extension counts where nothing else tells the type."""

    bot_id: Id
    title: Title
    content_type: str = Field(default="", max_length=200)
    size_bytes: int = Field(ge=1)
    head: str = Field(
        default="",
        max_length=_MOST_HEAD_CHARACTERS,
        description="The file's first bytes, at most 8,192, in base64; with them its content decides what it is.",
    )

    content_md5: str | None = Field(
        default=None,
        pattern=spelled(r"^[A-Za-z0-9+/]{21}[AQgw]==$", "an MD5 of 16 bytes in base64"),
        description="The file's MD5 in base64. With it, a file that the bot has is not uploaded again; other bytes are refused.",
    )


class Upload(Model):
    """Where to send the bytes: a resumable session of Cloud Storage, to be used from the origin that asked for it.

    With `duplicate_of` there is nothing to send: the bot has the file as that document.
    """

    document_id: str
    upload_url: str | None = None
    content_type: str = Field(description="What the session is pinned to; send it as the Content-Type.")
    expires_at: datetime | None = None
    duplicate_of: str | None = None
