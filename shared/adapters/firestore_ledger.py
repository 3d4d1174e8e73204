"""Claims in Firestore: a `create` or an update with a precondition; the token of a claim is the step's update time."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.firestore import AsyncClient, AsyncDocumentReference, Maximum

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import SCHEMA, Snapshot, counted, fields, if_unchanged, reference
from shared.adapters.google_errors import translated
from shared.core.errors import ConflictError
from shared.domain.document import Stage
from shared.domain.receipt import Receipt, ReceiptState
from shared.domain.step import Step, StepKey, StepState
from shared.ports.ledger import Claim

_LOST = (FailedPrecondition, NotFound)
# A key may be released between our create and our read; more than a few times in a row is a crowd, not a race.
_OPEN_TRIES = 3


class FirestoreLedger:
    """`documents/*/steps/{generation}-{stage}-{shard}`; outputs are JSON text, since Firestore refuses lists of lists."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def claim(self, key: StepKey, holder: str, now: datetime, lease_until: datetime) -> Claim:
        """As the port says: one write; where the step exists, one read and at most one more write and read."""
        # A create before any read: nearly every step is new, and of many creates at once exactly one succeeds.
        step = Step(key=key, state=StepState.HELD, holder=holder, lease_until=lease_until)
        place = self._place(key)
        try:
            written = await place.create(_step_fields(step))
        except AlreadyExists:
            return await self._take_over(place, step, now)
        return Claim(step, held=True, token=written.update_time)

    @translated
    async def prolong(self, claim: Claim, lease_until: datetime) -> Claim:
        """As the port says: one write."""
        return await self._change(claim, lease_until=lease_until)

    @translated
    async def complete(self, claim: Claim, output: dict[str, Any], now: datetime) -> None:
        """As the port says: one write."""
        await self._change(claim, state=StepState.DONE, output=output, done_at=now, lease_until=None, error=None)

    @translated
    async def release(self, claim: Claim, error: str, retry_at: datetime | None) -> None:
        """As the port says: one write."""
        try:
            await self._change(claim, state=StepState.RELEASED, lease_until=None, error=error, retry_at=retry_at)
        except ConflictError:
            return

    @translated
    async def steps(self, document_id: str, generation: int, stage: Stage) -> Sequence[Step]:
        """As the port says: a read a step."""
        query = queries.steps(self._client, document_id, generation, stage)
        found = [_step(snapshot) async for snapshot in query.stream()]
        return sorted(found, key=lambda step: step.key.shard)

    @translated
    async def count_done(self, document_id: str, generation: int, stage: Stage) -> int:
        """As the port says: one read a thousand steps."""
        return await counted(queries.done_steps(self._client, document_id, generation, stage))

    @translated
    async def held_until(self, document_id: str, now: datetime) -> datetime | None:
        """As the port says: a read a step that is held."""
        held = [_step(snapshot) async for snapshot in queries.held_steps(self._client, document_id).stream()]
        return max((step.lease_until for step in held if step.lease_until and step.lease_until > now), default=None)

    async def _take_over(self, place: AsyncDocumentReference, claimed: Step, now: datetime) -> Claim:
        """Hold a step that exists, if it is free and nobody is quicker."""
        snapshot = await _existing(place)
        step = _step(snapshot)
        if not step.is_free(now):
            return Claim(step, held=False)
        # Attempts count claims, not deliveries: a step whose holder died is tried again as well.
        ours = step.claimed_again(claimed)
        try:
            written = await place.update(_step_fields(ours), option=if_unchanged(self._client, snapshot.update_time))
        except _LOST:
            return Claim(_step(await _existing(place)), held=False)
        return Claim(ours, held=True, token=written.update_time)

    async def _change(self, claim: Claim, **changes: Any) -> Claim:
        step = claim.step.model_copy(update=changes)
        place = self._place(step.key)
        try:
            # The version that we wrote last is the proof that we still hold it: a take-over has changed it, and our late write
            # then fails.
            written = await place.update(_step_fields(step), option=if_unchanged(self._client, claim.token))
        except _LOST as error:
            raise ConflictError("Another holds this step by now.") from error
        return Claim(step, held=True, token=written.update_time)

    def _place(self, key: StepKey) -> AsyncDocumentReference:
        return reference(self._client, "documents", key.document_id, "steps", key.id)


async def _existing(place: AsyncDocumentReference) -> Snapshot:
    snapshot = await place.get()
    if not snapshot.exists:
        raise ConflictError("What was to be claimed went away meanwhile.")
    return snapshot


def _step_fields(step: Step) -> dict[str, Any]:
    return {**fields(step), "output": json.dumps(step.output)}


def _step(snapshot: Snapshot) -> Step:
    stored = snapshot.to_dict() or {}
    return Step.stored({**stored, "output": json.loads(stored["output"])})


class FirestoreReceipts:
    """`receipts/{id}`; answers are JSON text, since an answer may be of any shape."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def open(self, receipt: Receipt, now: datetime) -> Receipt | None:
        """As the port says: one write; where a receipt exists, one read and at most one more write, and again if it moved."""
        place = self._place(receipt)
        for _ in range(_OPEN_TRIES):
            try:
                await place.create(receipt_fields(receipt))
            except AlreadyExists:
                snapshot = await place.get()
            else:
                return None
            stored = _receipt(snapshot)
            if stored and stored.holder == receipt.holder:
                # No two calls have one holder: the answer to our own create was lost, and the library repeated it.
                return None
            if stored and stored.stands_at(now):
                return stored
            if stored and await self._replace(snapshot, receipt):
                return None
        raise ConflictError("This key is asked for by many calls at once.")

    @translated
    async def close(self, receipt: Receipt, answer: Any) -> None:
        """As the port says: one read, one write."""
        snapshot = await self._place(receipt).get()
        stored = _receipt(snapshot)
        done = receipt.model_copy(update={"state": ReceiptState.DONE, "answer": answer})
        if not stored or stored.holder != receipt.holder or not await self._replace(snapshot, done):
            raise ConflictError("Another call holds this key by now.")

    @translated
    async def release(self, receipt: Receipt) -> None:
        """As the port says: one read, one delete."""
        snapshot = await self._place(receipt).get()
        stored = _receipt(snapshot)
        if not stored or stored.holder != receipt.holder or stored.state is not ReceiptState.HELD:
            return
        try:
            await snapshot.reference.delete(option=if_unchanged(self._client, snapshot.update_time))
        except _LOST:
            return

    async def _replace(self, read: Snapshot, receipt: Receipt) -> bool:
        """Write over the receipt as it was read; False when another was quicker."""
        try:
            await read.reference.update(receipt_fields(receipt), option=if_unchanged(self._client, read.update_time))
        except _LOST:
            return False
        return True

    def _place(self, receipt: Receipt) -> AsyncDocumentReference:
        return reference(self._client, "receipts", receipt.id)


def receipt_fields(receipt: Receipt) -> dict[str, Any]:
    """The receipt as a document's fields."""
    return {**fields(receipt), "answer": json.dumps(receipt.answer)}


def _receipt(snapshot: Snapshot) -> Receipt | None:
    if not snapshot.exists:
        return None
    stored = snapshot.to_dict() or {}
    return Receipt.stored({**stored, "answer": json.loads(stored["answer"])})


class FirestoreHolds:
    """`provider_holds/{provider}`; the end is a number, since Firestore takes the later of two only of numbers."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def until(self, provider: str) -> datetime | None:
        """As the port says: one read."""
        snapshot = await self._place(provider).get()
        return datetime.fromtimestamp(snapshot.get("until_seconds"), UTC) if snapshot.exists else None

    @translated
    async def hold(self, provider: str, until: datetime) -> None:
        """As the port says: one write, without a read."""
        await self._place(provider).set({**SCHEMA, "until_seconds": Maximum(until.timestamp())}, merge=True)

    def _place(self, provider: str) -> AsyncDocumentReference:
        return self._client.document("provider_holds", quote(provider, safe=""))
