"""Notices in the log, where there is no Firebase Cloud Messaging: on a laptop, whose emulators have none."""

from shared.core.log import logger
from shared.domain.notice import Notice
from shared.ports.notifier import Handed


class LoggingNotifier:
    """Writes what a device would show; never the token, by which anybody could write to it."""

    async def send(self, token: str, notice: Notice) -> Handed:
        """As the port says; every token is a device's."""
        shown = {"event": notice.event.value, "document_id": notice.document_id, "tag": notice.tag, "token_length": len(token)}
        logger.info("a device would be told", extra=shown)
        return Handed.TAKEN
