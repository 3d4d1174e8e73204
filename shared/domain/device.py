"""Where a person wants to be told of what happened while no page was open."""

from datetime import datetime
from enum import StrEnum

from shared.domain.base import Record

# More than a person carries; each notification is sent to all of them.
MAX_DEVICES = 20


class Platform(StrEnum):
    """What runs there."""

    IOS = "ios"
    ANDROID = "android"
    WEB = "web"


class DeviceEvent(StrEnum):
    """What a device may be told of."""

    DOCUMENT_READY = "document_ready"
    DOCUMENT_FAILED = "document_failed"
    QUOTA_NEAR = "quota_near"


class Device(Record):
    """Stored under an id derived from its token, by which it is addressed; whoever has the token can write to it."""

    id: str
    owner_id: str
    token: str
    platform: Platform
    events: tuple[DeviceEvent, ...]
    updated_at: datetime
