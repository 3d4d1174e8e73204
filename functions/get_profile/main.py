"""Shows the caller's account, plan and use of it."""

from datetime import datetime, timedelta

from shared.core.clock import Clock
from shared.domain.account import Account
from shared.domain.plan import Plan, Used, plan_of
from shared.domain.profile import Profile
from shared.ports.identity import Accounts
from shared.ports.meter import Meter
from shared.runtime.functions import Call, callable_function

# A write for each look would cost more than the look.
_TOUCHED_EVERY = timedelta(days=1)


class OwnProfile(Profile):
    """The account with what its plan allows and what is used of it."""

    plan: Plan
    usage: Used


@callable_function
async def get_profile(call: Call, *, accounts: Accounts, meter: Meter, clock: Clock) -> OwnProfile:
    """Also for who never registered: the free plan, without a username."""
    now, account = clock(), call.account or Account(id=call.uid)
    usage = await meter.read(call.uid, now)
    if call.account is not None and _is_due(account.last_active_at, now):
        await accounts.touch(call.uid, now)
        account = account.model_copy(update={"last_active_at": now})
    profile = Profile.of(account, call.email, email_verified=call.email_verified)
    return OwnProfile(**profile.model_dump(), plan=plan_of(call.account), usage=usage)


def _is_due(touched_at: datetime | None, now: datetime) -> bool:
    return touched_at is None or now - touched_at >= _TOUCHED_EVERY
