"""What a model wrote may not reach out: images, and links to hosts that are not the sources', lose their address.

An image that a page loads by itself could carry the conversation to whoever planted an instruction in a document; so could a
link, when it is followed. A bare address that stands word for word in a passage carries nothing and is kept. Every address in
the stream passes here, however it is cut. Brackets stay around the label of a link that lost its target, so that labels and
text never grow into an address, and no link is shown but those that were allowed. Raw HTML and reference definitions whose
address is written in entities are left to the page's own sanitiser.
"""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

# An exclamation mark may begin an image.
_ADDRESS_PART = r"""[^\s<>"'`()\[\]{}!]"""
_ADDRESS = rf"""(?:(?:https?|ftp|wss?):[/\\]*|www\.){_ADDRESS_PART}+"""
_HOSTLESS = rf"""(?P<opener>(?:[("'=<]|\]:)\s{{0,20}})(?P<bare>[/\\]{{2}}{_ADDRESS_PART}+)"""
_CONSTRUCT = re.compile(
    r"(?P<image>!?)\[(?P<label>[^\[\]\n]{0,300})\]\(\s*(?P<target>[^()\s]{0,2000})(?:\s+[^()\n]{0,300})?\s*\)"
    rf"|(?P<address>{_ADDRESS})|{_HOSTLESS}",
    re.IGNORECASE,
)
_UNDECIDED = re.compile(
    r"""(?:!|!?\[[^\[\]\n]{0,300}(?:\](?:\(\s*[^()\s]{0,2000}(?:\s+[^()\n]{0,300})?)?)?"""
    rf"""|(?:h|ht|htt|https?|f|ft|ftp|w|ww|wss?|www|(?:(?:https?|ftp|wss?):[/\\]*|www\.){_ADDRESS_PART}{{0,2000}})"""
    rf"""|\]|(?:[("'=<]|\]:)\s{{0,20}}(?:[/\\]{{1,2}}{_ADDRESS_PART}{{0,2000}})?)\Z""",
    re.IGNORECASE,
)
# Markdown makes a link of such a name alone.
_LINKED_NAME = re.compile(r"^(?:www\.)+")
_HOST_NAME = re.compile(r"[\w.-]+")
_SENTENCE_END = ".,;:?"
# Holds the place of an allowed link's bracket while the others are parted; a model's own text is cleared of it first.
_ALLOWED = "\0"


class Containment:
    """Text pieces in, text that is safe to show out; what may still become an address is held back until it is decided."""

    def __init__(self, *, source_hosts: Collection[str] | None = (), sources: Collection[str] = ()) -> None:
        """`source_hosts` None allows links (never images) to any host; `sources` are the passages' texts."""
        self._hosts = source_hosts
        self._sources = sources
        self._held = ""
        self._ends_in_bracket = False

    def feed(self, text: str) -> str:
        """What may be shown with this piece."""
        text = self._held + text.replace(_ALLOWED, "")
        cut = _decided_until(text)
        self._held = text[cut:]
        return self._contained(text[:cut])

    def close(self) -> str:
        """The rest, once no piece will follow."""
        rest, self._held = self._held, ""
        return self._contained(rest)

    def _contained(self, text: str) -> str:
        """The text with each address decided; what would read as a link's target, and is none that was allowed, stands apart."""
        shown = _CONSTRUCT.sub(self._decided, text).replace("](", "] (").replace(_ALLOWED, "(")
        if self._ends_in_bracket and shown.startswith("("):
            shown = f" {shown}"
        if shown:
            self._ends_in_bracket = shown.endswith("]")
        return shown

    def _decided(self, match: re.Match[str]) -> str:
        if address := match["address"]:
            return self._address(address)
        if bare := match["bare"]:
            return match["opener"] + self._address(bare)
        if self._may_link(match["target"], is_image=bool(match["image"])):
            return match[0].replace("](", f"]{_ALLOWED}", 1)
        return f"[{_CONSTRUCT.sub(self._decided, match['label'])}]"

    def _address(self, address: str) -> str:
        url = address.rstrip(_SENTENCE_END)
        if self._may_link(url, is_image=False) or any(url in source for source in self._sources):
            return address
        return _LINKED_NAME.sub("", _host(url)) + address[len(url) :]

    def _may_link(self, url: str, *, is_image: bool) -> bool:
        if not url.lower().startswith(("https://", "http://")):
            return False
        if self._hosts is None:
            return not is_image
        return _host(url) in self._hosts


def _decided_until(text: str) -> int:
    """Where what may still grow into an address begins; what looks so within a construct that has ended does not count."""
    start = 0
    while undecided := _UNDECIDED.search(text, start):
        around = (match for match in _CONSTRUCT.finditer(text) if match.start() < undecided.start() < match.end())
        ended = next(around, None)
        if ended is None:
            return undecided.start()
        start = ended.end()
    return len(text)


def _host(url: str) -> str:
    """The host that a browser would ask, or nothing where the address is no plain address."""
    bare = re.sub(r"^\w+:", "", url).lstrip("/\\")
    try:
        host = urlsplit(f"//{bare}").hostname or ""
    except ValueError:
        return ""
    return host if _HOST_NAME.fullmatch(host) else ""
