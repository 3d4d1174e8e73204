"""What is kept of a document that comes from the web: how much of the site, how often, and what its server said of it."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from shared.domain.base import Model

MOST_PAGES = 200
MOST_DEPTH = 5


class Scope(StrEnum):
    """What of a site is learned: one page, the pages under an address, or those that a sitemap names."""

    PAGE = "page"
    SECTION = "section"
    SITEMAP = "sitemap"


class Refresh(StrEnum):
    """How often a page is fetched anew."""

    NEVER = "never"
    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def interval(self) -> timedelta | None:
        """The time from one fetch to the next."""
        return {Refresh.DAILY: timedelta(days=1), Refresh.WEEKLY: timedelta(days=7)}.get(self)


class WebSource(Model):
    """`is_titled` says that a person named it, so that the page's own title does not."""

    scope: Scope = Scope.PAGE
    max_pages: int = Field(default=1, ge=1, le=MOST_PAGES)
    max_depth: int = Field(default=0, ge=0, le=MOST_DEPTH)
    refresh: Refresh = Refresh.NEVER
    is_titled: bool = False
    final_url: str | None = Field(default=None, description="Where redirects led.")
    etag: str | None = None
    last_modified: str | None = None
    fetched_at: datetime | None = None

    def next_after(self, now: datetime) -> datetime | None:
        """When it is fetched again."""
        return now + interval if (interval := self.refresh.interval) else None
