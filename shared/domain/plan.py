"""What an account may use: stock (things that exist) and flow (things that happen in a minute or a month)."""

from datetime import datetime

from shared.domain.base import Model, Record


class Stock(Model):
    """Things that an owner has, or the change of them."""

    bots: int = 0
    documents: int = 0
    bytes: int = 0


class FlowLimits(Model):
    """What may happen in a window of time."""

    turns_per_minute: int
    turns_per_month: int
    tokens_per_month: int


class Plan(Model):
    """A plan's quotas."""

    id: str
    stock: Stock
    flow: FlowLimits


class Account(Record):
    """A user as the backend knows one; who has never registered has the free plan and is active."""

    id: str
    plan_id: str = "free"
    suspended: bool = False


class FlowTotals(Model):
    """What the owner's windows hold after a reservation."""

    turns_this_minute: int
    turns_this_month: int
    tokens_this_month: int


class Reservation(Model):
    """One turn of flow: who pays, when it began, and the tokens set aside for it."""

    owner_id: str
    at: datetime
    tokens: int


FREE = Plan(
    id="free",
    stock=Stock(bots=10, documents=200, bytes=500 * 1024 * 1024),
    flow=FlowLimits(turns_per_minute=20, turns_per_month=3_000, tokens_per_month=20_000_000),
)
PLANS = {FREE.id: FREE}


def plan_of(account: Account | None) -> Plan:
    """The account's plan; an unknown plan id falls back to the free one."""
    return PLANS.get(account.plan_id, FREE) if account else FREE
