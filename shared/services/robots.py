"""What a site's robots.txt (RFC 9309) lets us fetch; asked once an hour for each host and instance."""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from shared.core.clock import Clock
from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.links import origin_of
from shared.ports.web import Web

if TYPE_CHECKING:
    from protego import Protego

AGENT = "SynapseOD"
"""Our name in robots.txt, and the first word of our User-Agent."""

# RFC 9309, section 2.5, asks for 500 KiB at least; what comes after is not read.
_MOST_BYTES = 512 * 1024
_LIFE = timedelta(hours=1)
_MOST_HOSTS = 256
_LONGEST_DELAY = 10.0


class Robots:
    """One for an instance. A host that answers 4xx has no rules; one that does not answer is asked again later."""

    def __init__(self, web: Web, clock: Clock) -> None:
        self._web = web
        self._clock = clock
        self._known: OrderedDict[str, tuple[datetime, Protego]] = OrderedDict()

    async def admit(self, url: str) -> None:
        """Raises RejectedFileError(robots) where the site does not want the page fetched."""
        rules = await self._rules(origin_of(url))
        if not rules.can_fetch(url, AGENT):
            message = "The site's robots.txt asks programs not to read this page. Ask its owner, or upload the text as a file."
            raise RejectedFileError(FailureCode.ROBOTS, message)

    async def delay(self, url: str) -> float:
        """Seconds that the site wants between two requests; ten at most, since some ask for hours."""
        told = (await self._rules(origin_of(url))).crawl_delay(AGENT)
        return min(float(told or 0.0), _LONGEST_DELAY)

    async def _rules(self, origin: str) -> "Protego":
        known = self._known.get(origin)
        if known and known[0] > self._clock():
            return known[1]
        rules = await self._read(f"{origin}/robots.txt")
        self._known[origin] = (self._clock() + _LIFE, rules)
        self._known.move_to_end(origin)
        if len(self._known) > _MOST_HOSTS:
            self._known.popitem(last=False)
        return rules

    async def _read(self, url: str) -> "Protego":
        from protego import Protego  # noqa: PLC0415 - Where nothing is fetched, it is not needed.

        with TemporaryDirectory() as folder:
            path = Path(folder, "robots")
            try:
                await self._web.fetch(url, path, max_bytes=_MOST_BYTES)
            except RejectedFileError as refusal:
                if refusal.failure is FailureCode.FETCH_REFUSED:
                    raise
                if refusal.failure is not FailureCode.TOO_LARGE:
                    return Protego.parse("")
            content = (await asyncio.to_thread(path.read_bytes)).decode("utf-8", "replace")
        return await asyncio.to_thread(Protego.parse, content)
