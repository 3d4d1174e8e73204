"""Addresses of pages that a person, a page or a redirect names: in one spelling, so that the same page has one id."""

import re
from ipaddress import IPv6Address
from urllib.parse import quote, urljoin, urlsplit

from shared.core.errors import InvalidArgumentError
from shared.domain.addresses import may_be_called, read_host

MOST_CHARACTERS = 2000
"""What browsers and servers agree on; longer ones are traps or data."""

# An authority may hold nobody's name or password, and no backslash, which some parsers take for the end of it.
_LINK = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/?#\\@:\[\]]+)(?P<port>:[0-9]{1,5})?"
    r"(?P<path>/[^\s?#\\]*)?(?P<query>\?[^\s#\\]*)?(?:#.*)?",
    re.IGNORECASE,
)
_PORTS = {"https": 443, "http": 80}
# Below it live mail, name and remote-shell servers, which a request could be made to speak to.
_FIRST_FREE_PORT = 1024
_MOST_PORT = 65_535
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# Left as they stand: reserved characters mean something, and what is quoted already is not quoted again.
_SAFE = "%/:?@!$&'()*+,;=-._~[]"
_TRACKING = re.compile(r"(?:utm_[a-z]+|gclid|fbclid)=")


def page_url(text: str, *, allow_private: bool) -> str:
    """The address of a page in one spelling, without its fragment. Raises InvalidArgumentError (field url).

    http or https, the usual port or one from 1024 on, no user, and a public host, or with `allow_private` one of the own network.
    """
    spelt = _LINK.fullmatch(text.strip(" ")) if len(text) <= MOST_CHARACTERS else None
    if spelt is None or _CONTROLS.search(text):
        raise _wrong("must be http(s)://host/path, without a user, of up to 2,000 characters")
    scheme = spelt["scheme"].lower()
    port = int(spelt["port"][1:]) if spelt["port"] else _PORTS[scheme]
    if port != _PORTS[scheme] and not _FIRST_FREE_PORT <= port <= _MOST_PORT:
        raise _wrong(f"must have the usual port, or one from {_FIRST_FREE_PORT} on")
    host = _host(spelt["host"], allow_private=allow_private)
    told_port = "" if port == _PORTS[scheme] else f":{port}"
    return f"{scheme}://{host}{told_port}{quote(_path(spelt['path'] or '/'), _SAFE)}{quote(_query(spelt['query'] or ''), _SAFE)}"


def linked(base: str, reference: str, *, allow_private: bool) -> str | None:
    """Where a reference on the page at `base` leads; None where it is no page that may be fetched."""
    try:
        return page_url(urljoin(base, reference.strip()), allow_private=allow_private)
    except (InvalidArgumentError, ValueError):
        return None


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL in our spelling."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{re.split('[/?]', rest, maxsplit=1)[0]}"


def section_of(url: str) -> str:
    """How the addresses of a section's pages begin: the folder in which the page at the address lies."""
    origin = origin_of(url)
    path = urlsplit(url).path
    return f"{origin}{path[: path.rfind('/') + 1] or '/'}"


def section_led(start: str, final: str) -> str:
    """As `section_of`, of a section whose first page leads to `final`: the same folder where the host is, or else that page's.

    A first page that turns out to be a folder is the section itself.
    """
    moved, path = origin_of(final), urlsplit(start).path
    if _site(start) == _site(final):
        for folder in (f"{path.rstrip('/')}/", path[: path.rfind("/") + 1]):
            if final.startswith(f"{moved}{folder}"):
                return f"{moved}{folder}"
    return section_of(final)


def is_within(url: str, *sections: str) -> bool:
    """Whether the address begins as one of them; http and https are one site."""
    return url.partition("://")[2].startswith(tuple(section.partition("://")[2] for section in sections))


def secured(url: str, section: str) -> str:
    """The address by https where the section is."""
    return f"https{url[4:]}" if url.startswith("http://") and section.startswith("https://") else url


def name_of(url: str) -> str:
    """What a page is called that has no title: its address without the scheme."""
    return url.partition("://")[2].rstrip("/")[:200] or url[:200]


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _host(spelt: str, *, allow_private: bool) -> str:
    try:
        host = read_host(spelt)
    except ValueError as error:
        raise _wrong("must name a host") from error
    if not may_be_called(host, allow_private=allow_private):
        raise _wrong("must be reachable from the internet; private and local addresses are not fetched")
    return f"[{host}]" if isinstance(host, IPv6Address) else str(host)


def _path(path: str) -> str:
    """Without `.` and `..`, which every client resolves before it asks."""
    kept: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    is_folder = parts[-1] in {".", ".."}
    return "/" + "/".join(kept) + ("/" if is_folder and kept else "")


def _query(query: str) -> str:
    """Without what only tells an advertiser where a reader came from, and would make one page many."""
    kept = [part for part in query[1:].split("&") if part and not _TRACKING.match(part)]
    return "?" + "&".join(kept) if kept else ""


def _wrong(expectation: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"url {expectation}.", field="url")
