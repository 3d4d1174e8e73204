"""Changes the caller's username and display name."""

from shared.core.clock import Clock
from shared.core.errors import ConflictError, FailedPreconditionError
from shared.domain.account import Account, DisplayName, Username
from shared.domain.base import Model
from shared.domain.profile import Profile
from shared.ports.identity import Accounts
from shared.runtime.functions import Call, callable_function

# Other writes of one account are its sign-ins and sign-outs, so two in a row are bad luck already.
_TRIES = 3


class UpdateProfile(Model):
    """Both are replaced."""

    username: Username
    display_name: DisplayName


@callable_function
async def update_profile(wanted: UpdateProfile, call: Call, *, accounts: Accounts, clock: Clock) -> Profile:
    """The profile after the change; the old username is free for anybody from then on."""
    for _ in range(_TRIES):
        try:
            account = await _changed(wanted, call, accounts, clock)
        except ConflictError:
            continue
        return Profile.of(account, call.email, email_verified=call.email_verified)
    raise ConflictError("The account is being changed elsewhere; try again.")


async def _changed(wanted: UpdateProfile, call: Call, accounts: Accounts, clock: Clock) -> Account:
    read = await accounts.load(call.uid)
    if read is None or read.value.username is None:
        raise FailedPreconditionError("Register first: choose a username and accept the terms.")
    account = read.value.model_copy(update={**wanted.model_dump(), "updated_at": clock()})
    await accounts.update(read, account)
    return account
