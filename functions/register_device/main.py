"""Remembers a device to notify, or what changed of it; without events it is forgotten."""

from typing import Annotated

from pydantic import Field

from shared.core.clock import Clock
from shared.core.ids import derived_id
from shared.domain.base import Model
from shared.domain.device import Device, DeviceEvent, Platform
from shared.ports.identity import Accounts
from shared.runtime.functions import Call, callable_function


class RegisterDevice(Model):
    """A device by its Firebase Cloud Messaging token, and what to tell it; no events at all forgets it."""

    token: Annotated[str, Field(min_length=1, max_length=4096)]
    platform: Platform
    events: Annotated[tuple[DeviceEvent, ...], Field(max_length=len(DeviceEvent))] = tuple(DeviceEvent)


class DeviceView(Model):
    """What is kept of the device; never its token, by which anybody could write to it."""

    id: str
    platform: Platform
    events: tuple[DeviceEvent, ...]


@callable_function
async def register_device(wanted: RegisterDevice, call: Call, *, accounts: Accounts, clock: Clock) -> DeviceView:
    """The device as it is kept; of more than 20 the ones registered longest ago give way."""
    device = Device(
        id=derived_id("device", wanted.token),
        owner_id=call.uid,
        token=wanted.token,
        platform=wanted.platform,
        events=tuple(dict.fromkeys(wanted.events)),
        updated_at=clock(),
    )
    if device.events:
        await accounts.add_device(device)
    else:
        await accounts.remove_device(call.uid, device.id)
    return DeviceView(id=device.id, platform=device.platform, events=device.events)
