"""Tells the devices of a document's owner how it ended."""

import asyncio

from shared.core.errors import ConflictError
from shared.domain import ending
from shared.domain.device import Device
from shared.domain.document import Document
from shared.domain.notice import Notice, notice_of
from shared.domain.step import StageMessage
from shared.ports.identity import Accounts
from shared.ports.notifier import Handed, Notifier
from shared.ports.store import Versioned
from shared.services.pipeline import WRITE_TRIES, Pipeline


async def tell_devices(pipeline: Pipeline, accounts: Accounts, notifier: Notifier, message: StageMessage) -> None:
    """Send, then note on the document that they were told; whoever dies between sends again what a device shows once.

    Tokens that are no device's any more are forgotten. What may pass raises, after every device was tried.
    """
    read = await pipeline.documents.load(message.document_id)
    notice = notice_of(read.value) if read and read.value.untold else None
    if read is None or notice is None or read.value.generation != message.generation:
        return
    devices = [one for one in await accounts.devices(read.value.owner_id) if notice.event in one.events]
    outcomes = await asyncio.gather(*(_tell(accounts, notifier, one, notice) for one in devices), return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
    await _note(pipeline, read)


async def _tell(accounts: Accounts, notifier: Notifier, device: Device, notice: Notice) -> None:
    if await notifier.send(device.token, notice) is Handed.UNREGISTERED:
        await accounts.remove_device(device.owner_id, device.id)


async def _note(pipeline: Pipeline, read: Versioned[Document]) -> None:
    """Write that it was told, reading again where a purge of old generations was quicker; nothing once it goes on again."""
    ended = read.value
    for _ in range(WRITE_TRIES):
        told = ending.told(read.value, pipeline.clock())
        if told is None or (read.value.generation, read.value.status) != (ended.generation, ended.status):
            return
        try:
            await pipeline.documents.replace(read, told)
        except ConflictError:
            if (again := await pipeline.documents.load(ended.id)) is None:
                return
            read = again
        else:
            return
    raise ConflictError("The document is being written by many at once.")
