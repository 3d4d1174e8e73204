"""Mails a link to choose another password, and tells nobody whether the address is known here."""

import asyncio

from shared.domain.account import EmailAddress
from shared.domain.base import Model
from shared.ports.identity import Directory
from shared.runtime.functions import callable_function

# Sending takes longer than finding nobody to send to; an answer that came at once would tell which it was.
_AT_LEAST_SECONDS = 0.5


class ResetRequest(Model):
    """Where the link goes."""

    email: EmailAddress


@callable_function
async def request_password_reset(wanted: ResetRequest, *, directory: Directory) -> None:
    """The same for every address, known or not."""
    await asyncio.gather(directory.send_password_reset(wanted.email), asyncio.sleep(_AT_LEAST_SECONDS))
