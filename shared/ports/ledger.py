"""Claims on work: steps of the pipeline, receipts of calls, and holds on a provider that asked us to wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.domain.document import Stage
from shared.domain.receipt import Receipt
from shared.domain.step import Step, StepKey


@dataclass(frozen=True)
class Claim:
    """The answer to a claim: `held` with a token when the work is the caller's, else the step as another left it."""

    step: Step
    held: bool
    token: Any = None


class Ledger(Protocol):
    """`documents/*/steps`: absent → held → done, or released after a failure. A claim is a `create` or a precondition,
    never a transaction.
    """

    async def claim(self, key: StepKey, holder: str, now: datetime, lease_until: datetime) -> Claim:
        """Hold the step if it is absent, released, or its lease has ended by `now`; attempts count up, refusals too.

        Exactly one of many claims at once is held.
        """
        ...

    async def prolong(self, claim: Claim, lease_until: datetime) -> Claim:
        """The claim with a later lease. Raises ConflictError when another holds the step."""
        ...

    async def complete(self, claim: Claim, output: dict[str, Any], now: datetime) -> None:
        """Mark it done with its output. Raises ConflictError when another holds the step."""
        ...

    async def release(self, claim: Claim, error: str, retry_at: datetime | None) -> None:
        """Give it back, due at once or at `retry_at`; silent when another holds it by now."""
        ...

    async def steps(self, document_id: str, generation: int, stage: Stage) -> Sequence[Step]:
        """The stage's steps that exist, by shard."""
        ...

    async def count_done(self, document_id: str, generation: int, stage: Stage) -> int:
        """How many of the stage's steps are done."""
        ...

    async def held_until(self, document_id: str, now: datetime) -> datetime | None:
        """When the last live lease on any of the document's steps ends; None where nobody holds one."""
        ...


class Receipts(Protocol):
    """What creating calls were answered, by idempotency key."""

    async def open(self, receipt: Receipt, now: datetime) -> Receipt | None:
        """Hold the key: None when the caller holds it now (it was absent, or its lease has ended), else the stored receipt."""
        ...

    async def close(self, receipt: Receipt, answer: Any) -> None:
        """Store the answer. Raises ConflictError when another holds the key."""
        ...

    async def release(self, receipt: Receipt) -> None:
        """Forget a held key, so that the call may be tried again; silent when another holds it."""
        ...


class Holds(Protocol):
    """When a provider may be called again, known to every instance."""

    async def until(self, provider: str) -> datetime | None:
        """The end of the hold, or None where none was recorded; it may be in the past."""
        ...

    async def hold(self, provider: str, until: datetime) -> None:
        """Record a hold; a later end stands against an earlier one."""
        ...
