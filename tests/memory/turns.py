"""Conversations, turns and usage of a MemoryStore; what is stored is its own version, since every write makes another."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.core.clock import Clock, system_clock
from shared.core.errors import AlreadyExistsError, ConflictError, NotFoundError
from shared.core.ids import conversation_of
from shared.domain.base import Page, PageRequest
from shared.domain.conversation import Conversation, Message, Turn, TurnStatus
from shared.domain.plan import FlowLimits, FlowTotals, OpenReservation, Reservation, check_flow
from shared.ports.store import ChatContext, Reserved, Versioned
from tests.memory.store import MemoryStore, _is_readable, _newest_first


class MemoryTurns:
    """As FirestoreTurns."""

    def __init__(self, store: MemoryStore | None = None, clock: Clock = system_clock) -> None:
        self.store = store or MemoryStore()
        self._clock = clock

    async def context(
        self, caller_id: str, conversation_id: str | None, bot_id: str | None, link: str | None = None
    ) -> ChatContext:
        head = await self.head(conversation_id, caller_id) if conversation_id else None
        bot = self.store.bots.get(bot_id) if bot_id else None
        return ChatContext(
            conversation=head if head and head.value.deleted_at is None else None,
            bot=bot if bot and bot.answers(caller_id, link) else None,
            account=self.store.accounts.get(caller_id),
        )

    async def reserve(
        self, turn: Turn, limits: FlowLimits, *, visitor: FlowLimits | None = None, over: Versioned[Turn] | None = None
    ) -> Reserved:
        place, reservation = _place(turn.id), turn.reservation
        stored = self.store.turns.get(place)
        if stored == turn:
            return Reserved(Versioned(stored, stored), flow_of(self.store, reservation))
        if over:
            self._require(over)
        elif stored or (turn.receipt and turn.receipt.id in self.store.receipts):
            raise AlreadyExistsError("Another record has this id.")
        totals = add_flow(self.store, reservation, limits)
        if visitor:
            self._count_visit(turn, limits, visitor)
        self.store.turns[place] = turn
        if turn.receipt and not over:
            self.store.receipts[turn.receipt.id] = turn.receipt
        return Reserved(Versioned(turn, turn), totals)

    def _count_visit(self, turn: Turn, limits: FlowLimits, visitor: FlowLimits) -> None:
        window = _windows(Reservation(owner_id=turn.owner_id, at=turn.reservation.at, tokens=0))[0]
        totals = FlowTotals(turns_this_minute=self.store.flow[window] + 1, turns_this_month=0, tokens_this_month=0)
        try:
            check_flow(totals, visitor, turn.reservation.at)
        except Exception:
            _add(self.store, turn.reservation, -1)
            raise
        self.store.flow[window] += 1

    async def replace(self, read: Versioned[Turn], turn: Turn) -> Versioned[Turn]:
        stored = self.store.turns.get(_place(turn.id))
        if stored != turn:
            self._require(read)
            self.store.turns[_place(turn.id)] = stored = turn
        return Versioned(stored, stored)

    async def settle(
        self, read: Versioned[Turn], turn: Turn, head: Versioned[Conversation], path: Sequence[Message] = ()
    ) -> None:
        stored = self.store.turns.get(_place(turn.id))
        if stored is None:
            raise NotFoundError("There is no such turn.")
        if stored == turn:
            return
        if stored is not read.version and (stored.holder, stored.status) != (turn.holder, TurnStatus.RUNNING):
            raise ConflictError("The turn continues elsewhere, or has ended.")
        # Nothing can come between this read and the write, so the head's version tells only whether it ever was there.
        thread = self.store.conversations.get(head.value.id, head.value if head.version is None else None)
        self.store.flow[_windows(turn.reservation)[2]] += turn.used_tokens - turn.reserved_tokens
        if thread is None or thread.deleted_at is not None:
            del self.store.turns[_place(turn.id)]
            raise NotFoundError("There is no such turn.")
        self.store.turns[_place(turn.id)] = turn
        self.store.conversations[thread.id] = thread.after(turn, path)

    async def forget(self, read: Versioned[Turn]) -> None:
        if _place(read.value.id) not in self.store.turns:
            return
        self._require(read)
        del self.store.turns[_place(read.value.id)]
        if read.value.status is TurnStatus.RUNNING:
            self.store.flow[_windows(read.value.reservation)[2]] += read.value.used_tokens - read.value.reserved_tokens

    async def find(self, turn_id: str, owner_id: str) -> Versioned[Turn] | None:
        read, head = await self.load(turn_id), self.store.conversations.get(conversation_of(turn_id))
        is_deleted = head is not None and head.deleted_at is not None
        return read if read and not is_deleted and read.value.owner_id == owner_id and not self._is_expired(read.value) else None

    async def load(self, turn_id: str) -> Versioned[Turn] | None:
        turn = self.store.turns.get(_place(turn_id))
        return Versioned(turn, turn) if turn else None

    async def list(self, conversation_id: str, owner_id: str, page: PageRequest) -> Page[Turn]:
        own = (turn for turn in self.store.turns.values() if (turn.conversation_id, turn.owner_id) == (conversation_id, owner_id))
        found = _newest_first(own, lambda turn: turn.created_at, page)
        return found.model_copy(update={"items": tuple(turn for turn in found.items if not self._is_expired(turn))})

    async def abandoned(self, now: datetime, limit: int) -> Sequence[Versioned[Turn]]:
        ended = [(turn.lease_until, turn.id, turn) for turn in self.store.turns.values()]
        due = sorted(one for one in ended if one[0] is not None and one[0] <= now)
        return [Versioned(turn, turn) for *_, turn in due[:limit] if _is_readable(turn)]

    async def head(self, conversation_id: str, owner_id: str) -> Versioned[Conversation] | None:
        conversation = self.store.conversations.get(conversation_id)
        if conversation is None or conversation.owner_id != owner_id:
            return None
        is_gone = conversation.deleted_at is None and self._is_expired(conversation)
        return None if is_gone else Versioned(conversation, conversation)

    async def rewrite(self, read: Versioned[Conversation], conversation: Conversation) -> None:
        stored = self.store.conversations.get(conversation.id)
        if stored != conversation and stored is not read.version:
            raise ConflictError("The conversation has changed since it was read.")
        self.store.conversations[conversation.id] = conversation

    async def conversations(self, owner_id: str, page: PageRequest) -> Page[Conversation]:
        own = (conversation for conversation in self.store.conversations.values() if conversation.owner_id == owner_id)
        found = _newest_first(own, lambda conversation: conversation.updated_at, page)
        kept = tuple(one for one in found.items if one.deleted_at is None and not self._is_expired(one))
        return found.model_copy(update={"items": kept})

    def _require(self, read: Versioned[Turn]) -> None:
        stored = self.store.turns.get(_place(read.value.id))
        if stored is None:
            raise NotFoundError("There is no such turn.")
        if stored is not read.version:
            raise ConflictError("The turn has changed since it was read.")

    def _is_expired(self, record: Turn | Conversation) -> bool:
        return record.expire_at is not None and record.expire_at <= self._clock()


class MemoryUsage:
    """As FirestoreUsage."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def reserve(self, reservation_id: str, reservation: Reservation, limits: FlowLimits, lease: timedelta) -> FlowTotals:
        held = OpenReservation(id=reservation_id, lease_until=reservation.at + lease, **reservation.model_dump())
        if stored := self.store.reservations.get(reservation_id):
            if stored != held:
                raise AlreadyExistsError("Another record has this id.")
            return flow_of(self.store, reservation)
        totals = add_flow(self.store, reservation, limits)
        self.store.reservations[reservation_id] = held
        return totals

    async def settle(self, reservation_id: str, reservation: Reservation, used_tokens: int) -> None:
        if self.store.reservations.pop(reservation_id, None):
            self.store.flow[_windows(reservation)[2]] += used_tokens - reservation.tokens

    async def give_back_ended(self, now: datetime, limit: int) -> int:
        ended = [held for held in self.store.reservations.values() if held.lease_until <= now][:limit]
        for held in ended:
            await self.settle(held.id, held.reservation, 0)
        return len(ended)


class MemoryCeiling:
    """As FirestoreCeiling."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()

    async def grant(self, day: str, tokens: int, limit: int) -> int:
        granted = max(0, min(tokens, limit - self.store.ceilings[day]))
        self.store.ceilings[day] += granted
        return granted


def add_flow(store: MemoryStore, reservation: Reservation, limits: FlowLimits) -> FlowTotals:
    """Count the reservation, unless a limit would be passed; the new totals."""
    _add(store, reservation, 1)
    totals = flow_of(store, reservation)
    try:
        check_flow(totals, limits, reservation.at)
    except Exception:
        _add(store, reservation, -1)
        raise
    return totals


def flow_of(store: MemoryStore, reservation: Reservation) -> FlowTotals:
    """What the payer's windows hold."""
    minute, turns, tokens = (store.flow[window] for window in _windows(reservation))
    return FlowTotals(turns_this_minute=minute, turns_this_month=turns, tokens_this_month=tokens)


def _add(store: MemoryStore, reservation: Reservation, sign: int) -> None:
    for window, more in zip(_windows(reservation), (reservation.turns, reservation.turns, reservation.tokens), strict=True):
        store.flow[window] += sign * more
        if store.flow[window] == 0:
            del store.flow[window]


def _windows(reservation: Reservation) -> tuple[Any, Any, Any]:
    at, owner = reservation.at.astimezone(UTC), reservation.owner_id
    return (owner, f"turns {at:%Y-%m-%d %H:%M}"), (owner, f"turns {at:%Y-%m}"), (owner, f"tokens {at:%Y-%m}")


def _place(turn_id: str) -> tuple[str, str]:
    return conversation_of(turn_id), turn_id
