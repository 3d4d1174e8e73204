"""Which page or site a bot is to learn, and how often it is looked at again."""

from pydantic import Field

from shared.domain.base import Id, Model
from shared.domain.document import Title
from shared.domain.links import MOST_CHARACTERS
from shared.domain.web import MOST_DEPTH, MOST_PAGES, Refresh, Scope


class SubmitUrl(Model):
    """A page, file or video at an address; or with `scope` the pages of its folder, or those that the sitemap there names.

    Without a title, a page's own is taken. `max_pages` and `max_depth` (links from the first page) hold for a site alone.
    """

    bot_id: Id
    url: str = Field(min_length=1, max_length=MOST_CHARACTERS)
    title: Title | None = None
    scope: Scope = Scope.PAGE
    max_pages: int = Field(default=50, ge=1, le=MOST_PAGES)
    max_depth: int = Field(default=2, ge=0, le=MOST_DEPTH)
    refresh: Refresh = Refresh.NEVER
