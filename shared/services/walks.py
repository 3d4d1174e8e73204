"""What is known of a site while it is walked; it lies in the bucket after every page."""

import json
from dataclasses import asdict, dataclass, field

from shared.domain.document import FailureCode, RejectedFileError

MOST_WAITING = 2000
"""Addresses that a walk remembers."""
_MOST_NOTED = 5


@dataclass
class Walk:
    """What is known of a site by now; `waiting` are addresses with the number of links that led there.

    `bounds` is how every address of the site begins, as of `is_within`; `gone` are pages that answered in an earlier walk, and
    `unread` sitemaps.
    """

    waiting: list[tuple[str, int]]
    seen: set[str]
    bounds: str
    visited: int = 0
    learned: int = 0
    closed: int = 0
    put_off: int = 0
    failed: list[str] = field(default_factory=list)
    stopped: str = ""
    outside: int = 0
    gone: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def add(self, url: str, depth: int) -> None:
        """An address that was found, unless it is known."""
        if url not in self.seen and len(self.seen) < MOST_WAITING:
            self.seen.add(url)
            self.waiting.append((url, depth))

    def notes(self, most: int) -> list[str]:
        """What was left out, in sentences."""
        told = []
        if self.waiting and not self.stopped:
            found = _counted(len(self.waiting), "more address was", "more addresses were")
            told.append(f"{found} found; the walk ends after {_counted(most, 'page', 'pages')}.")
        if self.closed:
            told.append(f"{_counted(self.closed, 'page is', 'pages are')} closed to programs by the site's own wish.")
        if self.outside:
            told.append(f"{_counted(self.outside, 'page leads', 'pages lead')} out of the site.")
        if self.failed:
            told.append(f"{_counted(len(self.failed), 'page', 'pages')} could not be read{_such(self.failed)}.")
        if self.gone:
            one = "page is gone from the site, or not sent any more; what it"
            many = "pages are gone from the site, or not sent any more; what they"
            told.append(f"{_counted(len(self.gone), one, many)} taught stays until it is deleted{_such(self.gone)}.")
        if self.unread:
            told.append(f"{_counted(len(self.unread), 'sitemap', 'sitemaps')} could not be read{_such(self.unread)}.")
        return [*told, self.stopped] if self.stopped else told

    def emptiness(self, most: int) -> RejectedFileError:
        """Why nothing was learned, where that is so."""
        failure = FailureCode.EMPTY
        if self.stopped:
            failure = FailureCode.OVER_QUOTA
        elif self.failed or self.gone:
            failure = FailureCode.FETCH_FAILED
        elif self.closed:
            failure = FailureCode.ROBOTS
        return RejectedFileError(failure, " ".join(["No page of the site was learned.", *self.notes(most)]))

    def dumped(self) -> bytes:
        """For the bucket."""
        return json.dumps(asdict(self) | {"seen": sorted(self.seen)}).encode()

    @classmethod
    def loaded(cls, content: bytes, bounds: str) -> "Walk":
        """As it was dumped; an older release did not write its bounds."""
        known = {"bounds": bounds} | json.loads(content)
        waiting = [(url, depth) for url, depth in known["waiting"]]
        return cls(**known | {"waiting": waiting, "seen": set(known["seen"])})


def _counted(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{count} {many}"


def _such(urls: list[str]) -> str:
    return f"{', such as' if len(urls) > _MOST_NOTED else ':'} {', '.join(urls[:_MOST_NOTED])}"
