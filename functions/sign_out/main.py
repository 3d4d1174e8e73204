"""Ends every session and every sign-in of the caller, on all devices."""

from shared.core.clock import Clock
from shared.ports.identity import Accounts, Directory
from shared.runtime.functions import Call, callable_function


@callable_function
async def sign_out(call: Call, *, accounts: Accounts, directory: Directory, clock: Clock) -> None:
    """From here on every token of an earlier sign-in is refused by every function."""
    await directory.revoke(call.uid)
    # A phone may be another's by tomorrow.
    await accounts.remove_devices(call.uid)
    # Last: it ends this very token too, so whatever failed before it can still be tried again.
    await accounts.sign_out(call.uid, clock())
