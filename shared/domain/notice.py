"""What a device shows when a document has ended."""

from shared.domain.base import Model
from shared.domain.device import DeviceEvent
from shared.domain.document import Document, DocumentStatus

_EVENTS = {DocumentStatus.READY: DeviceEvent.DOCUMENT_READY, DocumentStatus.FAILED: DeviceEvent.DOCUMENT_FAILED}
_TITLES = {DeviceEvent.DOCUMENT_READY: "Ready to answer", DeviceEvent.DOCUMENT_FAILED: "Could not be learned"}


class Notice(Model):
    """One notification; a device that gets the same `tag` again shows it once."""

    event: DeviceEvent
    document_id: str
    bot_id: str
    title: str
    body: str
    tag: str


def notice_of(document: Document) -> Notice | None:
    """What the owner's devices are told; None unless it is ready or has failed."""
    event = _EVENTS.get(document.status)
    if event is None:
        return None
    body = f"{document.title}: {document.failure.message}" if document.failure else document.title
    tag = f"{document.id}-{document.generation}-{event}"
    return Notice(event=event, document_id=document.id, bot_id=document.bot_id, title=_TITLES[event], body=body, tag=tag)
