"""What an account may use: stock (things that exist) and flow (things that happen in a minute or a month)."""

from datetime import UTC, datetime

from shared.core.errors import QuotaExceededError, ResourceExhaustedError
from shared.domain.account import Account
from shared.domain.base import Model, Record


class Stock(Model):
    """Things that an owner has, or the change of them."""

    bots: int = 0
    documents: int = 0
    bytes: int = 0
    provider_keys: int = 0
    prompts: int = 0
    personas: int = 0


class FlowLimits(Model):
    """What may happen in a window of time."""

    turns_per_minute: int
    turns_per_month: int
    tokens_per_month: int


class Plan(Model):
    """A plan's quotas."""

    id: str
    name: str
    stock: Stock
    flow: FlowLimits


class FlowTotals(Model):
    """What the owner's windows hold after a reservation."""

    turns_this_minute: int
    turns_this_month: int
    tokens_this_month: int


class Used(Model):
    """What an owner has and has used at one moment."""

    stock: Stock
    flow: FlowTotals


class Reservation(Model):
    """One turn of flow: who pays, when it began, and the tokens set aside for it; `turns` is 0 for what is no turn."""

    owner_id: str
    at: datetime
    tokens: int
    turns: int = 1


class OpenReservation(Record):
    """A reservation of what is no turn, stored until it is settled, or given back once its lease has ended."""

    id: str
    owner_id: str
    at: datetime
    tokens: int
    turns: int = 1
    lease_until: datetime

    @property
    def reservation(self) -> Reservation:
        """What was set aside."""
        return Reservation(owner_id=self.owner_id, at=self.at, tokens=self.tokens, turns=self.turns)


FREE = Plan(
    id="free",
    name="Free",
    stock=Stock(bots=10, documents=200, bytes=500 * 1024 * 1024, provider_keys=20, prompts=100, personas=50),
    flow=FlowLimits(turns_per_minute=20, turns_per_month=3_000, tokens_per_month=20_000_000),
)
PLANS = {FREE.id: FREE}


def check_stock(totals: Stock, limits: Stock) -> None:
    """Raises QuotaExceededError naming the first total that passes its limit."""
    for name in Stock.model_fields:
        limit = getattr(limits, name)
        # The total holds what was just added, so a total at the limit is the last that fits.
        if getattr(totals, name) > limit:
            what = f"{limit:,} {name.replace('_', ' ')}"
            raise QuotaExceededError(f"The plan's limit of {what} is reached. Delete what is no longer needed.")


def check_flow(totals: FlowTotals, limits: FlowLimits, at: datetime) -> None:
    """Raises ResourceExhaustedError naming the limit and the seconds until its window ends; the month's come first, since
    a minute's wait does not help against them.
    """
    if totals.turns_this_month > limits.turns_per_month:
        raise _over("turns a month", limits.turns_per_month, seconds_to_next_month(at))
    if totals.tokens_this_month > limits.tokens_per_month:
        raise _over("tokens a month", limits.tokens_per_month, seconds_to_next_month(at))
    if totals.turns_this_minute > limits.turns_per_minute:
        raise _over("turns a minute", limits.turns_per_minute, seconds_to_next_minute(at))


def seconds_to_next_minute(at: datetime) -> float:
    """Until the minute's counter starts again; more than 0, at most 60."""
    return 60 - at.timestamp() % 60


def seconds_to_next_month(at: datetime) -> float:
    """Until the month's counters start again, in UTC."""
    at = at.astimezone(UTC)
    year, month = at.year + at.month // 12, at.month % 12 + 1
    return (datetime(year, month, 1, tzinfo=UTC) - at).total_seconds()


def _over(what: str, limit: int, retry_after_seconds: float) -> ResourceExhaustedError:
    return ResourceExhaustedError(f"The plan's limit of {limit:,} {what} is reached.", retry_after_seconds=retry_after_seconds)


def plan_of(account: Account | None) -> Plan:
    """The account's plan; an unknown plan id falls back to the free one."""
    # A plan that is taken off the list must not lock out the people who have it.
    return PLANS.get(account.plan_id, FREE) if account else FREE
