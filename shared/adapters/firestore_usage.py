"""What payers use: one document a payer and month, whose Increments come back as new totals.

So calls at once never wait for each other, and what is accepted never passes a limit. What is refused counts until it is undone,
so it may crowd out, for that moment, another that needs fewer tokens.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.firestore import DELETE_FIELD, AsyncClient, AsyncDocumentReference, AsyncWriteBatch, Increment
from google.cloud.firestore_v1.types import WriteResult

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import SCHEMA, fields, place_of_user, readable, reference, stands, totals
from shared.adapters.google_errors import translated
from shared.core.errors import ResourceExhaustedError
from shared.domain.plan import FlowLimits, FlowTotals, OpenReservation, Reservation, check_flow

# Counters of past minutes go with each reservation, so the map stays small without a job that tidies it. The minute before stays:
# an instance whose clock is behind may still count in it.
_FORGOTTEN_AGES = range(2, 22)


def count(client: AsyncClient, batch: AsyncWriteBatch, reservation: Reservation, sign: int) -> None:
    """Add the reservation to its payer's month and minute, or take it out, with the batch's commit."""
    turns = sign * reservation.turns
    change = {"turns": Increment(turns), "tokens": Increment(sign * reservation.tokens), **_in_minute(reservation.at, turns)}
    _add(client, batch, reservation, change)


def count_minute(client: AsyncClient, batch: AsyncWriteBatch, owner_id: str, at: datetime, sign: int) -> None:
    """Add one turn to the owner's minute alone, or take it out: somebody else pays."""
    _add(client, batch, Reservation(owner_id=owner_id, at=at, tokens=0), _in_minute(at, sign))


def correct(client: AsyncClient, batch: AsyncWriteBatch, reservation: Reservation, used_tokens: int) -> None:
    """Turn the tokens that were set aside into those that were used, with the batch's commit."""
    _add(client, batch, reservation, {"tokens": Increment(used_tokens - reservation.tokens)})


def counted(result: WriteResult, reservation: Reservation) -> FlowTotals:
    """The totals that `count` came to."""
    return _flow(totals(result, (minute_path(reservation.at), "tokens", "turns")), reservation)


def counted_minute(result: WriteResult, at: datetime) -> FlowTotals:
    """The totals that `count_minute` came to, the month's left out."""
    [minute] = totals(result, (minute_path(at),)).values()
    return _of_minute(minute)


async def flow_by_now(client: AsyncClient, reservation: Reservation) -> FlowTotals:
    """The totals as they stand, at one read."""
    stored = (await _month(client, reservation).get()).to_dict() or {}
    minutes = stored.get("minutes", {})
    minute = {minute_path(reservation.at): minutes.get(str(_minute(reservation.at)), 0)}
    return _flow({"turns": 0, "tokens": 0, **stored, **minute}, reservation)


async def minute_by_now(client: AsyncClient, owner_id: str, at: datetime) -> FlowTotals:
    """The minute's total as it stands, at one read."""
    return _of_minute((await flow_by_now(client, Reservation(owner_id=owner_id, at=at, tokens=0))).turns_this_minute)


def minute_path(at: datetime) -> str:
    """The field that counts the minute's turns."""
    return f"minutes.{_minute(at)}"


class FirestoreUsage:
    """`usage/{owner}-{month}`, and `reservations/{id}` for what is no turn and so has no document of its own."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def reserve(self, reservation_id: str, reservation: Reservation, limits: FlowLimits, lease: timedelta) -> FlowTotals:
        """As the port says: two writes."""
        place = self._place(reservation_id)
        held = OpenReservation(id=reservation_id, lease_until=reservation.at + lease, **reservation.model_dump())
        batch = self._client.batch()
        batch.create(place, fields(held))
        count(self._client, batch, reservation, 1)
        try:
            _, result = await batch.commit()
            after = counted(result, reservation)
        except AlreadyExists:
            # The library repeats a commit whose answer was lost, and the repetition then meets what the first one made.
            if not await stands(place, held):
                raise
            after = await flow_by_now(self._client, reservation)
        try:
            check_flow(after, limits, reservation.at)
        except ResourceExhaustedError:
            await self._close(reservation_id, lambda batch: count(self._client, batch, reservation, -1))
            raise
        return after

    @translated
    async def settle(self, reservation_id: str, reservation: Reservation, used_tokens: int) -> None:
        """As the port says: two writes."""
        await self._close(reservation_id, lambda batch: correct(self._client, batch, reservation, used_tokens))

    @translated
    async def give_back_ended(self, now: datetime, limit: int) -> int:
        """As the port says: a read and two writes each."""
        found = [snapshot async for snapshot in queries.ended_reservations(self._client, now).limit(limit).stream()]
        ended = [held for snapshot in found if (held := readable(OpenReservation, snapshot))]
        for held in ended:
            await self.settle(held.id, held.reservation, 0)
        return len(ended)

    async def _close(self, reservation_id: str, counting: Any) -> None:
        """Delete the reservation and count in one commit: its being there keeps a repeated one from counting twice."""
        batch = self._client.batch()
        batch.delete(self._place(reservation_id), option=self._client.write_option(exists=True))
        counting(batch)
        try:
            await batch.commit()
        except (NotFound, FailedPrecondition):
            return

    def _place(self, reservation_id: str) -> AsyncDocumentReference:
        return reference(self._client, "reservations", reservation_id)


def _add(client: AsyncClient, batch: AsyncWriteBatch, reservation: Reservation, change: Mapping[str, Any]) -> None:
    batch.set(_month(client, reservation), {**SCHEMA, "owner_id": reservation.owner_id, **change}, merge=True)


def _in_minute(at: datetime, turns: int) -> dict[str, Any]:
    minute = _minute(at)
    # A counter that nobody reads again is deleted with the write that is made anyway.
    minutes: dict[str, Any] = {str(minute - age): DELETE_FIELD for age in _FORGOTTEN_AGES}
    return {"minutes": {**minutes, str(minute): Increment(turns)}}


def _month(client: AsyncClient, reservation: Reservation) -> AsyncDocumentReference:
    month = reservation.at.astimezone(UTC).strftime("%Y%m")
    return place_of_user(client, "usage", reservation.owner_id, f"-{month}")


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _of_minute(turns: int) -> FlowTotals:
    return FlowTotals(turns_this_minute=turns, turns_this_month=0, tokens_this_month=0)


def _flow(usage: Mapping[str, int], reservation: Reservation) -> FlowTotals:
    return FlowTotals(
        turns_this_minute=usage[minute_path(reservation.at)],
        turns_this_month=usage["turns"],
        tokens_this_month=usage["tokens"],
    )
