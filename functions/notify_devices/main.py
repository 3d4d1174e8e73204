"""Tells the owner's devices that a document is ready or has failed."""

from shared.domain.step import StageMessage
from shared.ports.identity import Accounts
from shared.ports.notifier import Notifier
from shared.runtime.functions import stage_function
from shared.services.notices import tell_devices
from shared.services.pipeline import Pipeline


@stage_function
async def notify_devices(message: StageMessage, *, pipeline: Pipeline, accounts: Accounts, notifier: Notifier) -> None:
    """Those that asked for the event. The sweep asks for it again where it was lost, for a day."""
    await tell_devices(pipeline, accounts, notifier, message)
