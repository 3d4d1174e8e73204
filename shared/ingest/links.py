"""Title, links and wishes to robots in a page, and the addresses in a sitemap: by patterns, so that nothing is ever expanded.

No parser of HTML or XML runs here, since this is read outside the sandbox. Each pattern is linear in what it reads: no
repetition is without a bound, and none that others follow is tried again with fewer.
"""

import re
import zlib
from html import unescape
from typing import NamedTuple

from shared.domain.document import FailureCode, RejectedFileError

MOST_LINKS = 1000
"""Of one page; more is a trap or a list of everything."""
MOST_ADDRESSES = 50_000
"""What sitemaps.org allows in one file."""
MOST_PAGE_BYTES = 2 * 1024 * 1024
MOST_SITEMAP_BYTES = 10 * 1024 * 1024
"""Unpacked; far more addresses than a walk visits."""

_TAG = re.compile(r"<(a|area|meta|base)\s([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""(?<![a-zA-Z-])([a-zA-Z-]{1,40}+)\s{0,9}+=\s{0,9}+(?:"([^"]{0,2000})"|'([^']{0,2000})'|([^\s"'>]{1,2000}))"""
)
_TITLE = re.compile(r"<title(?:\s[^<>]{0,400})?>([^<]{1,2000})</title\s{0,9}>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--|-->")
_LOCATION = re.compile(r"<(?:\w{1,40}:)?loc>\s{0,99}+(?:<!\[CDATA\[\s{0,99}+)?(https?://[^<>\s\]]{1,2000})", re.IGNORECASE)
_INDEX = re.compile(r"<(?:\w{1,40}:)?sitemapindex[\s>]", re.IGNORECASE)
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS


class PageLinks(NamedTuple):
    """What a page says besides its text; `links` are as written, relative to `base` where it names one."""

    title: str | None
    links: tuple[str, ...]
    base: str | None
    may_follow: bool
    may_learn: bool


class Sitemap(NamedTuple):
    """The addresses that a sitemap names, which are whole ones; of other sitemaps where it is an index."""

    addresses: tuple[str, ...]
    is_index: bool


def page_links(content: bytes) -> PageLinks:
    """Reads the first megabytes; links that are marked nofollow, and those in comments, are left out."""
    text = _without_comments(content[:MOST_PAGE_BYTES].decode("utf-8", "replace"))
    links: list[str] = []
    base, robots = None, ""
    for tag in _TAG.finditer(text):
        name, attributes = tag[1].lower(), _attributes(tag[2])
        if name == "base":
            base = base or attributes.get("href")
        elif name == "meta":
            is_ours = attributes.get("name", "").lower() in {"robots", "synapseod"}
            robots += f" {attributes.get('content', '').lower()}" if is_ours else ""
        elif "href" in attributes and "nofollow" not in attributes.get("rel", "").lower() and len(links) < MOST_LINKS:
            links.append(attributes["href"])
    wishes = set(re.split(r"[\s,]+", robots))
    return PageLinks(
        title=title_of(text),
        links=tuple(dict.fromkeys(links)),
        base=base,
        may_follow=not wishes & {"nofollow", "none"},
        may_learn=not wishes & {"noindex", "none"},
    )


def title_of(text: str) -> str | None:
    """The page's own title in one line."""
    found = _TITLE.search(text[:200_000])
    line = re.sub(r"[\x00-\x1f\x7f\s]+", " ", unescape(found[1])).strip() if found else ""
    return line[:200].strip() or None


def sitemap_of(content: bytes) -> Sitemap:
    """The addresses, out of gzip where it is packed. Raises RejectedFileError: too_large, or corrupt for broken gzip."""
    text = _unpacked(content).decode("utf-8", "replace")
    found = (unescape(match[1]) for _, match in zip(range(MOST_ADDRESSES), _LOCATION.finditer(text), strict=False))
    return Sitemap(tuple(dict.fromkeys(found)), is_index=_INDEX.search(text[:4096]) is not None)


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(_GZIP_MAGIC):
        return content
    unpacking = zlib.decompressobj(_GZIP)
    try:
        unpacked = unpacking.decompress(content, MOST_SITEMAP_BYTES)
    except zlib.error as error:
        raise RejectedFileError(FailureCode.CORRUPT, "The sitemap's gzip is broken.") from error
    if unpacking.unconsumed_tail:
        raise RejectedFileError(FailureCode.TOO_LARGE, "The sitemap unpacks to more than sitemaps may have.")
    return unpacked


def _without_comments(text: str) -> str:
    """What stands outside of comments, in one pass."""
    kept: list[str] = []
    start, is_inside = 0, False
    for mark in _COMMENT.finditer(text):
        if mark[0] == "<!--" and not is_inside:
            kept.append(text[start : mark.start()])
            is_inside = True
        elif mark[0] == "-->" and is_inside:
            start, is_inside = mark.end(), False
    return "".join([*kept, "" if is_inside else text[start:]])


def _attributes(text: str) -> dict[str, str]:
    found = ((match[1].lower(), unescape(match[2] or match[3] or match[4] or "")) for match in _ATTRIBUTE.finditer(text))
    return dict(reversed(list(found)))
