"""A video's transcript as a text to learn; both requests go through the guard, as those of pages do."""

import asyncio
from pathlib import Path

from shared.domain.document import FailureCode, RejectedFileError
from shared.ingest.transcripts import captions_of, transcript_of, video_of
from shared.ports.web import Fetched, Web
from shared.services.robots import Robots

_MOST_PAGE_BYTES = 8 * 1024 * 1024
_MOST_CAPTION_BYTES = 8 * 1024 * 1024


async def fetch_transcript(web: Web, robots: Robots, url: str, path: Path) -> tuple[Fetched, str | None]:
    """The video's words with time marks, in the file, and its title. Raises RejectedFileError where there are none."""
    watched = f"https://www.youtube.com/watch?v={video_of(url)}"
    # What a page of the service serves to its own player is told by its page, whose robots.txt is asked.
    await web.fetch(watched, path, max_bytes=_MOST_PAGE_BYTES, admit=robots.admit)
    captions = captions_of((await asyncio.to_thread(path.read_bytes)).decode("utf-8", "replace"))
    told = await web.fetch(captions.url, path, max_bytes=_MOST_CAPTION_BYTES)
    if not told.size_bytes:
        raise RejectedFileError(FailureCode.FETCH_FAILED, "YouTube did not hand out the video's captions. Try it again later.")
    title = " ".join((captions.title or "").split())[:200].strip()
    size_bytes = await asyncio.to_thread(_rewrite, path, title)
    return Fetched(url=watched, content_type="text/markdown", size_bytes=size_bytes), title or None


def _rewrite(path: Path, title: str) -> int:
    """Captions in, text out."""
    text = transcript_of(path.read_bytes())
    return path.write_bytes((f"# {title}\n\n{text}" if title else text).encode())
