"""The words of a video: which addresses are videos of YouTube, where its page says the captions lie, and their timed text.

The format of captions is `json3` of YouTube's timedtext: https://www.youtube.com/api/timedtext?fmt=json3.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from shared.domain.document import FailureCode, RejectedFileError

_HOSTS = {"youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com"}
_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_TRACKS = re.compile(r'"captionTracks"\s{0,9}:\s{0,9}(?=\[)')
_PLAYABILITY = re.compile(r'"playabilityStatus"\s{0,9}:\s{0,9}\{\s{0,9}"status"\s{0,9}:\s{0,9}"([A-Z_]{1,40})"')
_TITLE = re.compile(r'"videoDetails"\s{0,9}:\s{0,9}(?=\{)')
# A paragraph of speech, so that a citation's time mark is near.
_PARAGRAPH_MS = 30_000
_HOUR, _MINUTE = 3600, 60


class Captions(NamedTuple):
    """Where a video's words are, and what it is called."""

    url: str
    title: str | None


def is_video(url: str) -> bool:
    """Whether the address is that of one video of YouTube."""
    return video_of(url) is not None


def video_of(url: str) -> str | None:
    """The video's id, for youtube.com/watch, /shorts, /live, /embed and youtu.be."""
    parts = urlsplit(url)
    host, path = parts.hostname or "", parts.path
    if host == "youtu.be":
        found = path[1:].split("/")[0]
    elif host in _HOSTS and path == "/watch":
        found = parse_qs(parts.query).get("v", [""])[0]
    elif host in _HOSTS and path.startswith(("/shorts/", "/live/", "/embed/")):
        found = path.split("/")[2]
    else:
        return None
    return found if _ID.fullmatch(found) else None


def captions_of(page: str) -> Captions:
    """Of a video's own page: captions that a person wrote before those that a machine heard.

    Raises RejectedFileError(fetch_failed) where the video is not shown to us, or has no captions.
    """
    status = _PLAYABILITY.search(page)
    if status and status[1] not in {"OK", "LIVE_STREAM_OFFLINE"}:
        raise RejectedFileError(FailureCode.FETCH_FAILED, "The video cannot be watched without a login, or not at all any more.")
    tracks = [track for track in _json_after(_TRACKS, page) or [] if isinstance(track, dict) and track.get("baseUrl")]
    if not tracks:
        raise RejectedFileError(FailureCode.FETCH_FAILED, "The video has no captions to learn. Choose one that has.")
    best = min(tracks, key=lambda track: track.get("kind") == "asr")
    details = _json_after(_TITLE, page)
    title = details.get("title") if isinstance(details, dict) else None
    address = str(best["baseUrl"])
    return Captions(f"{address}{'&' if '?' in address else '?'}fmt=json3", title if isinstance(title, str) else None)


def transcript_of(content: bytes) -> str:
    """The captions as paragraphs, each behind the time at which it begins. Raises RejectedFileError where there are none."""
    try:
        events = json.loads(content)["events"]
        paragraphs = list(_paragraphs(_lines(events)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RejectedFileError(
            FailureCode.FETCH_FAILED, "The video's captions could not be read. Try it again later."
        ) from error
    if not paragraphs:
        raise RejectedFileError(FailureCode.EMPTY, "The video's captions hold no words.")
    return "\n\n".join(paragraphs) + "\n"


def _lines(events: list[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    for event in events:
        text = "".join(str(part.get("utf8", "")) for part in event.get("segs", ()))
        line = re.sub(r"\s+", " ", text).strip()
        if line:
            yield int(event.get("tStartMs", 0)), line


def _paragraphs(lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    begins, words = 0, list[str]()
    for at, line in lines:
        if words and at - begins >= _PARAGRAPH_MS:
            yield f"[{_clock(begins)}] {' '.join(words)}"
            words = []
        begins = begins if words else at
        words.append(line)
    if words:
        yield f"[{_clock(begins)}] {' '.join(words)}"


def _clock(milliseconds: int) -> str:
    seconds = milliseconds // 1000
    hours, minutes = seconds // _HOUR, seconds % _HOUR // _MINUTE
    return f"{hours}:{minutes:02}:{seconds % _MINUTE:02}" if hours else f"{minutes}:{seconds % _MINUTE:02}"


def _json_after(pattern: re.Pattern[str], page: str) -> Any:
    """The JSON value that follows in a script; None where there is none."""
    found = pattern.search(page)
    if not found:
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(page, found.end())
    except (ValueError, RecursionError):
        return None
    return value
