"""Turns' lives in Firestore: reserved by two writes and settled by three, each guarded by the version of the one before."""

from collections.abc import Sequence

from google.api_core.exceptions import Aborted, AlreadyExists, DeadlineExceeded, FailedPrecondition, NotFound, ServiceUnavailable
from google.cloud.firestore import AsyncWriteBatch

from shared.adapters import firestore_usage as usage
from shared.adapters.firestore_client import fields, if_unchanged, reference
from shared.adapters.firestore_conversations import FirestoreConversations
from shared.adapters.firestore_ledger import receipt_fields
from shared.adapters.google_errors import translated
from shared.core.errors import ConflictError, NotFoundError, ResourceExhaustedError
from shared.domain.conversation import Conversation, Message, Turn, TurnStatus
from shared.domain.plan import FlowLimits, check_flow
from shared.ports.store import Reserved, Versioned

# Of turns that end at once one comes through each time, so this many of one conversation may.
_SETTLE_TRIES = 8
# What a precondition fails with: the document is there already, has changed, or is gone.
_OUTRUN = (AlreadyExists, FailedPrecondition, NotFound, Aborted)


class FirestoreTurns(FirestoreConversations):
    """Conversations and turns, and the months of `usage` that they are counted in."""

    @translated
    async def reserve(
        self, turn: Turn, limits: FlowLimits, *, visitor: FlowLimits | None = None, over: Versioned[Turn] | None = None
    ) -> Reserved:
        """As the port says; the visitor's minute is a third write, an idempotency key one more."""
        batch = self._opening(turn, over, is_visited=visitor is not None)
        try:
            written, *counted = await batch.commit()
            made, totals = Versioned(turn, written.update_time), usage.counted(counted[0], turn.reservation)
            minute = usage.counted_minute(counted[1], turn.reservation.at) if visitor else None
        except _OUTRUN as error:
            made, totals = await self._as_written(turn, error), await usage.flow_by_now(self._client, turn.reservation)
            minute = await usage.minute_by_now(self._client, turn.owner_id, turn.reservation.at) if visitor else None
        try:
            check_flow(totals, limits, turn.reservation.at)
            if minute and visitor:
                check_flow(minute, visitor, turn.reservation.at)
        except ResourceExhaustedError:
            await self._undo(made, over, is_visited=visitor is not None)
            raise
        return Reserved(made, totals)

    @translated
    async def replace(self, read: Versioned[Turn], turn: Turn) -> Versioned[Turn]:
        """As the port says: one write."""
        try:
            written = await self.place_of(turn.id).update(fields(turn), option=if_unchanged(self._client, read.version))
        except _OUTRUN as error:
            return await self._as_written(turn, error)
        return Versioned(turn, written.update_time)

    @translated
    async def settle(
        self, read: Versioned[Turn], turn: Turn, head: Versioned[Conversation], path: Sequence[Message] = ()
    ) -> None:
        """As the port says; only a conflict costs more than the three writes: two reads, and the writes again."""
        for _ in range(_SETTLE_TRIES):
            if head.value.deleted_at is not None:
                await self._forget(read, turn)
                raise _missing()
            if await self._is_written(self._settlement(read, turn, head, path)):
                return
            stored = await self.load(turn.id)
            if stored is None:
                raise _missing()
            if stored.value == turn:
                return  # By this very commit, whose answer was lost.
            read = _still_ours(stored, read, turn)
            head = await self._head_by_now(head)
        raise ConflictError("Too many turns of this conversation end at once.")

    @translated
    async def forget(self, read: Versioned[Turn]) -> None:
        """As the port says."""
        await self._forget(read, read.value)

    async def _forget(self, read: Versioned[Turn], turn: Turn) -> None:
        batch = self._client.batch()
        batch.delete(self.place_of(turn.id), option=if_unchanged(self._client, read.version))
        if read.value.status is TurnStatus.RUNNING:
            usage.correct(self._client, batch, read.value.reservation, turn.used_tokens)
        if not await self._is_written(batch) and await self.load(turn.id):
            raise ConflictError("The turn has changed since it was read.")

    async def _as_written(self, turn: Turn, error: Exception) -> Versioned[Turn]:
        """The turn, where it stands as it was to be written. Raises NotFoundError where it is gone, else the error."""
        # The library repeats a commit whose answer was lost, and the repetition then meets what the first one has written.
        stored = await self.load(turn.id)
        # A create that meets no turn has met the receipt of its key.
        if stored is None and not isinstance(error, Aborted | AlreadyExists):
            raise _missing() from error
        if stored is None or stored.value != turn:
            raise error
        return stored

    def _opening(self, turn: Turn, over: Versioned[Turn] | None, *, is_visited: bool) -> AsyncWriteBatch:
        batch = self._client.batch()
        if over:
            batch.update(self.place_of(turn.id), fields(turn), option=if_unchanged(self._client, over.version))
        else:
            batch.create(self.place_of(turn.id), fields(turn))
        self._count(batch, turn, 1, is_visited=is_visited)
        if turn.receipt and not over:
            batch.create(reference(self._client, "receipts", turn.receipt.id), receipt_fields(turn.receipt))
        return batch

    def _settlement(
        self, read: Versioned[Turn], turn: Turn, head: Versioned[Conversation], path: Sequence[Message]
    ) -> AsyncWriteBatch:
        batch, place = self._client.batch(), reference(self._client, "conversations", turn.conversation_id)
        batch.update(self.place_of(turn.id), fields(turn), option=if_unchanged(self._client, read.version))
        after = fields(head.value.after(turn, path))
        if head.version is None:
            batch.create(place, after)
        else:
            batch.update(place, after, option=if_unchanged(self._client, head.version))
        usage.correct(self._client, batch, turn.reservation, turn.used_tokens)
        return batch

    async def _is_written(self, batch: AsyncWriteBatch) -> bool:
        """Whether the commit stands, as far as its own answer tells; its preconditions keep its Increment from applying twice."""
        try:
            try:
                await batch.commit(retry=None)
            except (ServiceUnavailable, DeadlineExceeded):
                await batch.commit(retry=None)
        except _OUTRUN:
            return False
        return True

    async def _head_by_now(self, head: Versioned[Conversation]) -> Versioned[Conversation]:
        """The conversation's head as it stands; as it was read where it was never stored; one that is gone as deleted."""
        stored = await self.head(head.value.id, head.value.owner_id)
        if stored is None and head.version is not None:
            return Versioned(head.value.model_copy(update={"deleted_at": self._clock()}), None)
        return stored or head

    def _count(self, batch: AsyncWriteBatch, turn: Turn, sign: int, *, is_visited: bool) -> None:
        usage.count(self._client, batch, turn.reservation, sign)
        if is_visited:
            usage.count_minute(self._client, batch, turn.owner_id, turn.reservation.at, sign)

    async def _undo(self, made: Versioned[Turn], over: Versioned[Turn] | None, *, is_visited: bool) -> None:
        """Take back the turn and its count; the precondition keeps a repeated commit from counting twice."""
        batch, unchanged = self._client.batch(), if_unchanged(self._client, made.version)
        if over:
            batch.update(self.place_of(made.value.id), fields(over.value), option=unchanged)
        else:
            batch.delete(self.place_of(made.value.id), option=unchanged)
            if made.value.receipt:
                batch.delete(reference(self._client, "receipts", made.value.receipt.id))
        self._count(batch, made.value, -1, is_visited=is_visited)
        try:
            await batch.commit()
        except _OUTRUN:
            return


def _still_ours(stored: Versioned[Turn], read: Versioned[Turn], turn: Turn) -> Versioned[Turn]:
    """The stored turn, to be settled on top of. Raises ConflictError where another holds or has ended it."""
    # The same holder's checkpoint whose answer was lost, or a wish to stop: neither takes the turn from who settles it.
    is_ours = (stored.value.holder, stored.value.status) == (turn.holder, TurnStatus.RUNNING)
    if stored.version != read.version and not is_ours:
        raise ConflictError("The turn continues elsewhere, or has ended.")
    return stored


def _missing() -> NotFoundError:
    return NotFoundError("There is no such turn.", field="turn_id")
