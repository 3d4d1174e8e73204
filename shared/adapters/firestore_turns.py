"""Conversations and turns in Firestore; a turn is reserved by two writes and settled by three.

Usage is one document per payer and month. Its Increments come back as new totals, so that calls at once never wait for each other
and accepted turns never pass a limit. A turn that is refused counts until it is undone, so it may crowd out, for that moment,
another that needs fewer tokens.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from google.api_core.exceptions import Aborted, AlreadyExists, DeadlineExceeded, FailedPrecondition, NotFound, ServiceUnavailable
from google.cloud.firestore import (
    DELETE_FIELD,
    AsyncClient,
    AsyncDocumentReference,
    AsyncWriteBatch,
    Increment,
)

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import (
    SCHEMA,
    Entity,
    Snapshot,
    fields,
    if_unchanged,
    loaded,
    page_by_time,
    place_of_user,
    reference,
    stands,
    totals,
)
from shared.adapters.google_errors import translated
from shared.core.clock import Clock, system_clock
from shared.core.errors import ConflictError, ResourceExhaustedError
from shared.core.ids import is_id
from shared.domain.account import Account
from shared.domain.base import Page, PageRequest
from shared.domain.bot import Bot
from shared.domain.conversation import Conversation, Turn
from shared.domain.plan import FlowLimits, FlowTotals, Reservation, check_flow
from shared.ports.store import ChatContext, Versioned

# Counters of past minutes go with each reservation, so the map stays small without a job that tidies it. The minute before stays:
# an instance whose clock is behind may still count in it.
_FORGOTTEN_AGES = range(2, 22)
# Of turns that end at once one comes through each time, so this many of one conversation may.
_SETTLE_TRIES = 8
# What a precondition on the conversation's head fails with: the head is there already, has changed, or is gone.
_OUTRUN = (AlreadyExists, FailedPrecondition, NotFound, Aborted)


class FirestoreTurns:
    """`conversations/{conversation_id}`, `turns/{turn_id}` under each, and the months of `usage`."""

    def __init__(self, client: AsyncClient, clock: Clock = system_clock) -> None:
        self._client = client
        self._clock = clock

    @translated
    async def context(self, caller_id: str, conversation_id: str | None, bot_id: str | None) -> ChatContext:
        """As the port says; an id that cannot exist is not read."""
        places = (("conversations", conversation_id), ("bots", bot_id))
        wanted = [reference(self._client, collection, key) for collection, key in places if key and is_id(key)]
        # The account is read whatever the uid looks like: an account that nobody finds would never be suspended.
        wanted.append(place_of_user(self._client, "users", caller_id))
        found = {snapshot.reference.parent.id: snapshot async for snapshot in self._client.get_all(wanted)}
        account = found.get("users")
        return ChatContext(
            conversation=_own_head(found.get("conversations"), caller_id),
            bot=_own(Bot, found.get("bots"), caller_id),
            account=loaded(Account, account) if account else None,
        )

    @translated
    async def reserve(self, turn: Turn, reservation: Reservation, limits: FlowLimits) -> FlowTotals:
        """As the port says."""
        place = self._turn(turn.conversation_id, turn.id)
        batch = self._client.batch()
        batch.create(place, fields(turn))
        self._count(batch, reservation, 1)
        try:
            _, usage = await batch.commit()
            after = _flow(totals(usage, (_minute_path(reservation), "tokens", "turns")), reservation)
        except AlreadyExists:
            # The library repeats a commit whose answer was lost, and the repetition then meets the turn that the first one made.
            if not await stands(place, turn):
                raise
            after = await self._flow_by_now(reservation)
        try:
            check_flow(after, limits, reservation.at)
        except ResourceExhaustedError:
            await self._undo(turn, reservation)
            raise
        return after

    @translated
    async def checkpoint(self, conversation_id: str, turn_id: str, answer: str, lease_until: datetime) -> None:
        """As the port says: one write. Raises NotFoundError where there is no such turn."""
        await self._turn(conversation_id, turn_id).update({"answer": answer, "lease_until": lease_until})

    @translated
    async def settle(self, turn: Turn, read: Versioned[Conversation], reservation: Reservation, used_tokens: int) -> None:
        """As the port says; only a conflict costs more than the three writes: two reads, and the writes again."""
        for _ in range(_SETTLE_TRIES):
            batch = self._settlement(turn, read, reservation, used_tokens)
            if await self._has_settled(batch, turn):
                return
            read = await self._head_by_now(turn, read)
        raise ConflictError("Too many turns of this conversation end at once.")

    @translated
    async def get(self, conversation_id: str, turn_id: str, owner_id: str) -> Turn | None:
        """As the port says: one read. A turn past its `expire_at` is gone, though Firestore removes it a day later."""
        if not (is_id(conversation_id) and is_id(turn_id)):
            return None
        turn = loaded(Turn, await self._turn(conversation_id, turn_id).get())
        return turn if turn and turn.owner_id == owner_id and not self._is_expired(turn) else None

    @translated
    async def list(self, conversation_id: str, owner_id: str, page: PageRequest) -> Page[Turn]:
        """As the port says: a read a turn, and one more. Expired turns are left out, so a page may be short."""
        if not is_id(conversation_id):
            return Page(items=())
        found = await page_by_time(queries.turns(self._client, conversation_id, owner_id), "created_at", page, Turn)
        return found.model_copy(update={"items": tuple(turn for turn in found.items if not self._is_expired(turn))})

    @translated
    async def conversation(self, conversation_id: str, owner_id: str) -> Conversation | None:
        """As the port says: one read."""
        if not is_id(conversation_id):
            return None
        return _own(Conversation, await reference(self._client, "conversations", conversation_id).get(), owner_id)

    @translated
    async def conversations(self, owner_id: str, page: PageRequest) -> Page[Conversation]:
        """As the port says: a read a conversation, and one more."""
        return await page_by_time(queries.conversations(self._client, owner_id), "updated_at", page, Conversation)

    def _settlement(
        self, turn: Turn, read: Versioned[Conversation], reservation: Reservation, used_tokens: int
    ) -> AsyncWriteBatch:
        batch, head = self._client.batch(), reference(self._client, "conversations", read.value.id)
        batch.set(self._turn(turn.conversation_id, turn.id), fields(turn))
        if read.version is None:
            batch.create(head, fields(read.value.after(turn)))
        else:
            batch.update(head, fields(read.value.after(turn)), option=if_unchanged(self._client, read.version))
        change = {"tokens": Increment(used_tokens - reservation.tokens)}
        batch.set(self._usage(reservation), {**SCHEMA, "owner_id": reservation.owner_id, **change}, merge=True)
        return batch

    async def _has_settled(self, batch: AsyncWriteBatch, turn: Turn) -> bool:
        """Whether the settlement stands; if not, another wrote the conversation's head first."""
        try:
            try:
                await batch.commit(retry=None)
            except (ServiceUnavailable, DeadlineExceeded):
                # Applied or not: its precondition on the head keeps the Increment from being applied twice.
                await batch.commit(retry=None)
        except _OUTRUN:
            # The other may be this very commit, whose answer was lost.
            return await stands(self._turn(turn.conversation_id, turn.id), turn)
        return True

    async def _head_by_now(self, turn: Turn, read: Versioned[Conversation]) -> Versioned[Conversation]:
        """The conversation's head as it stands; as it was read where there is none any more."""
        found = await reference(self._client, "conversations", read.value.id).get()
        return _own_head(found, turn.owner_id) or Versioned(read.value, None)

    def _turn(self, conversation_id: str, turn_id: str) -> AsyncDocumentReference:
        return reference(self._client, "conversations", conversation_id, "turns", turn_id)

    def _usage(self, reservation: Reservation) -> AsyncDocumentReference:
        month = reservation.at.astimezone(UTC).strftime("%Y%m")
        return place_of_user(self._client, "usage", reservation.owner_id, f"-{month}")

    async def _flow_by_now(self, reservation: Reservation) -> FlowTotals:
        stored = (await self._usage(reservation).get()).to_dict() or {}
        minute = {_minute_path(reservation): stored["minutes"][str(_minute(reservation.at))]}
        return _flow({**stored, **minute}, reservation)

    def _is_expired(self, turn: Turn) -> bool:
        return turn.expire_at is not None and turn.expire_at <= self._clock()

    def _count(self, batch: AsyncWriteBatch, reservation: Reservation, sign: int) -> None:
        minute = _minute(reservation.at)
        # A counter that nobody reads again is deleted with the write that is made anyway.
        minutes: dict[str, Any] = {str(minute - age): DELETE_FIELD for age in _FORGOTTEN_AGES}
        minutes[str(minute)] = Increment(sign)
        change = {"turns": Increment(sign), "tokens": Increment(sign * reservation.tokens), "minutes": minutes}
        batch.set(self._usage(reservation), {**SCHEMA, "owner_id": reservation.owner_id, **change}, merge=True)

    async def _undo(self, turn: Turn, reservation: Reservation) -> None:
        """Take back the turn and its count; the precondition keeps a repeated commit from counting twice."""
        batch = self._client.batch()
        batch.delete(self._turn(turn.conversation_id, turn.id), option=self._client.write_option(exists=True))
        self._count(batch, reservation, -1)
        try:
            await batch.commit()
        except NotFound:
            return


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _minute_path(reservation: Reservation) -> str:
    return f"minutes.{_minute(reservation.at)}"


def _flow(usage: Mapping[str, int], reservation: Reservation) -> FlowTotals:
    return FlowTotals(
        turns_this_minute=usage[_minute_path(reservation)],
        turns_this_month=usage["turns"],
        tokens_this_month=usage["tokens"],
    )


def _own(model: type[Entity], snapshot: Snapshot | None, owner_id: str) -> Entity | None:
    """The document as a record if it exists and is the owner's."""
    if snapshot is None or not snapshot.exists or snapshot.get("owner_id") != owner_id:
        return None
    return loaded(model, snapshot)


def _own_head(snapshot: Snapshot | None, owner_id: str) -> Versioned[Conversation] | None:
    """The conversation, if it is the owner's; its version is the document's update time."""
    conversation = _own(Conversation, snapshot, owner_id)
    return Versioned(conversation, snapshot.update_time) if snapshot and conversation else None
