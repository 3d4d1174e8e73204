"""The ledger's protocol: absent → held under a lease that is prolonged while the work runs → done with its output; a failure
gives the step back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from shared.core.clock import Clock
from shared.core.errors import ConflictError, DeadlineExceededError, ResourceExhaustedError, SynapseError, UnavailableError
from shared.core.log import logger
from shared.domain.pipeline import retry_wait
from shared.domain.step import StepKey, StepState
from shared.ports.ledger import Claim, Ledger

StepOutput = dict[str, Any]
Work = Callable[[], Awaitable[StepOutput]]

BEATS_A_LEASE = 3
UNTOLD_WAIT = timedelta(seconds=60)
"""How long we wait for a provider that refuses without saying for how long."""


class _LeaseLostError(Exception):
    """Another holds the step by now, and does the same work."""


Told = Callable[[BaseException, int, datetime], Awaitable[None]]
"""Learns why a step was given back, which try the next one is, and when it comes."""


async def _untold(_: BaseException, __: int, ___: datetime) -> None:
    """Nobody wants to know."""


async def run_step(  # noqa: PLR0913, PLR0917 - What a claim needs, and who learns of its failure.
    ledger: Ledger, key: StepKey, work: Work, clock: Clock, lease_seconds: float, holder: str, told: Told = _untold
) -> StepOutput | None:
    """The step's output once it is done, by this call or by an earlier one; None while another holds it.

    Whatever the work raises passes through after the step was given back. A lease that another has taken over ends the work
    without an error.
    """
    lease = timedelta(seconds=lease_seconds)
    now = clock()
    claim = await ledger.claim(key, holder, now, now + lease)
    if not claim.held:
        return claim.step.output if claim.step.state is StepState.DONE else None
    try:
        async with _HeldStep(ledger, claim, clock, lease, told) as held:
            output = await held.do(work)
            await held.complete(output)
    except _LeaseLostError:
        logger.info("lost the lease of a step", extra={"step": key.id, "document_id": key.document_id})
        return None
    return output


def retry_at(error: BaseException, attempt: int, now: datetime) -> datetime:
    """When the sweep may ask for a failed step again; a provider's own word comes first."""
    if not isinstance(error, ResourceExhaustedError):
        return now + retry_wait(attempt)
    told = error.retry_after_seconds
    return now + (UNTOLD_WAIT if told is None else timedelta(seconds=told))


class _HeldStep:
    """One claim while it is worked on; leaving the block by an error gives it back."""

    def __init__(self, ledger: Ledger, claim: Claim, clock: Clock, lease: timedelta, told: Told) -> None:
        self._ledger = ledger
        self._claim = claim
        self._clock = clock
        self._lease = lease
        self._told = told

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None and not isinstance(error, _LeaseLostError):
            await self._release(error)

    async def do(self, work: Work) -> StepOutput:
        """Run the work and prolong the lease; a lost lease cancels the work."""
        finished = asyncio.Event()
        working = asyncio.ensure_future(work())
        beating = asyncio.create_task(self._beat(finished))
        try:
            await asyncio.wait({working, beating}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # The heartbeat is asked to end rather than cancelled: a write in flight would leave us with an old token.
            finished.set()
            working.cancel()
            await asyncio.gather(working, beating, return_exceptions=True)
        beating.result()
        return working.result()

    async def complete(self, output: StepOutput) -> None:
        """Mark it done, unless another holds it by now."""
        try:
            await self._ledger.complete(self._claim, output, self._clock())
        except ConflictError as error:
            raise _LeaseLostError from error

    async def _beat(self, finished: asyncio.Event) -> None:
        while True:
            try:
                async with asyncio.timeout(self._lease.total_seconds() / BEATS_A_LEASE):
                    await finished.wait()
            except TimeoutError:
                await self._prolong()
            else:
                return

    async def _prolong(self) -> None:
        try:
            self._claim = await self._ledger.prolong(self._claim, self._clock() + self._lease)
        except ConflictError as error:
            raise _LeaseLostError from error
        except (UnavailableError, DeadlineExceededError):
            logger.warning("could not prolong a lease; the next beat tries again", extra={"step": self._claim.step.key.id})

    async def _release(self, error: BaseException) -> None:
        """Best effort: where it fails the lease ends by itself, and the work's own error is what the caller must see."""
        name = error.code.value if isinstance(error, SynapseError) else type(error).__name__
        attempt = self._claim.step.attempt
        until = retry_at(error, self._claim.step.faults, self._clock())
        try:
            await self._ledger.release(self._claim, name, until)
            await self._told(error, attempt + 1, until)
        except SynapseError:
            logger.warning("could not release a step, or tell of it; its lease will end", extra={"step": self._claim.step.key.id})
