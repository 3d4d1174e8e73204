"""Claims in memory; output and answers go through JSON, as a real store keeps no Python objects."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.core.errors import ConflictError
from shared.domain.document import Stage
from shared.domain.receipt import Receipt, ReceiptState
from shared.domain.step import Step, StepKey, StepState
from shared.ports.ledger import Claim
from shared.ports.store import Versioned
from tests.memory.store import MemoryStore


class MemoryLedger:
    """Steps of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def claim(self, key: StepKey, holder: str, now: datetime, lease_until: datetime) -> Claim:
        stored = self.store.steps.get((key.document_id, key.id))
        if stored and not stored.value.is_free(now):
            return Claim(stored.value, held=False)
        step = Step(key=key, state=StepState.HELD, holder=holder, lease_until=lease_until)
        return self._write(stored.value.claimed_again(step) if stored else step)

    async def prolong(self, claim: Claim, lease_until: datetime) -> Claim:
        return self._write(self._held(claim).model_copy(update={"lease_until": lease_until}))

    async def complete(self, claim: Claim, output: dict[str, Any], now: datetime) -> None:
        kept = json.loads(json.dumps(output))
        done = {"state": StepState.DONE, "output": kept, "done_at": now, "lease_until": None, "error": None}
        self._write(self._held(claim).model_copy(update=done))

    async def release(self, claim: Claim, error: str, retry_at: datetime | None) -> None:
        try:
            step = self._held(claim)
        except ConflictError:
            return
        free = {"state": StepState.RELEASED, "lease_until": None, "error": error, "retry_at": retry_at}
        self._write(step.model_copy(update=free))

    async def steps(self, document_id: str, generation: int, stage: Stage) -> Sequence[Step]:
        every = (stored.value for stored in self.store.steps.values())
        found = [
            step
            for step in every
            if (step.key.document_id, step.key.generation, step.key.stage) == (document_id, generation, stage)
        ]
        return sorted(found, key=lambda step: step.key.shard)

    async def count_done(self, document_id: str, generation: int, stage: Stage) -> int:
        return sum(step.state is StepState.DONE for step in await self.steps(document_id, generation, stage))

    async def held_until(self, document_id: str, now: datetime) -> datetime | None:
        own = [stored.value for (owner, _), stored in self.store.steps.items() if owner == document_id]
        leases = [step.lease_until for step in own if step.state is StepState.HELD and step.lease_until]
        return max((lease for lease in leases if lease > now), default=None)

    def _held(self, claim: Claim) -> Step:
        stored = self.store.steps.get((claim.step.key.document_id, claim.step.key.id))
        if stored is None or stored.version != claim.token:
            raise ConflictError("Another holds this step by now.")
        return stored.value

    def _write(self, step: Step) -> Claim:
        written: Versioned[Step] = self.store.stamp(step)
        self.store.steps[step.key.document_id, step.key.id] = written
        return Claim(step, held=True, token=written.version)


class MemoryReceipts:
    """Receipts of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def open(self, receipt: Receipt, now: datetime) -> Receipt | None:
        stored = self.store.receipts.get(receipt.id)
        if stored and stored.stands_at(now):
            return stored
        self.store.receipts[receipt.id] = receipt
        return None

    async def close(self, receipt: Receipt, answer: Any) -> None:
        stored = self.store.receipts.get(receipt.id)
        if stored is None or stored.holder != receipt.holder:
            raise ConflictError("Another call holds this key by now.")
        done = {"state": ReceiptState.DONE, "answer": json.loads(json.dumps(answer))}
        self.store.receipts[receipt.id] = stored.model_copy(update=done)

    async def release(self, receipt: Receipt) -> None:
        stored = self.store.receipts.get(receipt.id)
        if stored and stored.holder == receipt.holder and stored.state is ReceiptState.HELD:
            del self.store.receipts[receipt.id]


class MemoryHolds:
    """Provider holds of a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def until(self, provider: str) -> datetime | None:
        return self.store.holds.get(provider)

    async def hold(self, provider: str, until: datetime) -> None:
        self.store.holds[provider] = max(until, self.store.holds.get(provider, until))
