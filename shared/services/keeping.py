"""Saves a running turn now and then, over the version of its own last write, and so learns when it is no longer its own."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.core.clock import Clock
from shared.core.errors import ConflictError, NotFoundError, SynapseError
from shared.core.log import logger
from shared.domain.conversation import Turn, TurnStatus
from shared.ports.store import Turns, Versioned
from shared.services.ceiling import DailyCeiling

# Within what is left for a settlement more than half is for the settlement itself.
_LAST_CHECKPOINT_SECONDS = 2.0
# Long enough for a few checkpoints to fail before anybody takes the turn for interrupted.
_LEASE_SECONDS = 60.0
# Chat is cut at 300 s; without checkpoints nothing prolongs the lease meanwhile.
_WHOLE_TURN_SECONDS = 330.0


@dataclass(frozen=True)
class Upkeep:
    """What keeps a turn on the record; `checkpoint_seconds` 0 turns checkpoints off, `retention_days` 0 keeps it for ever."""

    turns: Turns
    ceiling: DailyCeiling
    clock: Clock
    checkpoint_seconds: float
    retention_days: int

    @property
    def lease(self) -> timedelta:
        """How long a turn may be silent before others take it for interrupted."""
        if not self.checkpoint_seconds:
            return timedelta(seconds=_WHOLE_TURN_SECONDS)
        return timedelta(seconds=max(_LEASE_SECONDS, 3 * self.checkpoint_seconds))

    def expiry(self, now: datetime) -> datetime | None:
        """When a turn that opens now is forgotten."""
        return now + timedelta(days=self.retention_days) if self.retention_days else None


class Fate(StrEnum):
    """What has become of a turn that we run: `lost` is held or was ended by another."""

    OURS = "ours"
    STOPPED = "stopped"
    LOST = "lost"
    DELETED = "deleted"


class Keeper:
    """Checkpoints, one after another, so that never two are in flight; a failed one is made up for by the next.

    `held` is the turn as last written; `progress` says what it should be by now. `interrupt` is called once, when `fate` is no
    longer `ours`.
    """

    def __init__(
        self, held: Versioned[Turn], upkeep: Upkeep, progress: Callable[[Turn], Turn], interrupt: Callable[[], None]
    ) -> None:
        self.held = held
        self.fate = Fate.OURS
        self._upkeep = upkeep
        self._progress = progress
        self._interrupt = interrupt
        self._is_leaving = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, unless checkpoints are off."""
        if self._upkeep.checkpoint_seconds:
            self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Wait for a checkpoint in flight, for a while: the settlement then knows the version that it makes."""
        self._is_leaving.set()
        if self._task:
            await asyncio.wait({self._task}, timeout=_LAST_CHECKPOINT_SECONDS)
            self._task.cancel()

    async def _keep(self) -> None:
        while not await self._leaves_within(self._upkeep.checkpoint_seconds):
            try:
                await self._check()
            except SynapseError as error:
                logger.warning("a checkpoint failed", extra={"turn_id": self.held.value.id, "code": error.code})
            if self.fate is not Fate.OURS:
                self._interrupt()
                return

    async def _leaves_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._is_leaving.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _check(self) -> None:
        now, held = self._upkeep.clock(), self.held.value
        turn = self._progress(held)
        is_fresh = held.lease_until is not None and now < held.lease_until - self._upkeep.lease / 2
        if turn.answer == held.answer and is_fresh:
            # A model that thinks writes nothing: a look is cheaper than a write, and tells of a wish to stop as well.
            await self._look()
            return
        try:
            self.held = await self._upkeep.turns.replace(
                self.held, turn.model_copy(update={"lease_until": now + self._upkeep.lease})
            )
        except (ConflictError, NotFoundError):
            await self._look()

    async def _look(self) -> None:
        stored = await self._upkeep.turns.load(self.held.value.id)
        self.fate = _fate(stored, self.held.value.holder)
        if stored and self.fate in {Fate.OURS, Fate.STOPPED}:
            # Also our own write whose answer was lost.
            self.held = stored


def _fate(stored: Versioned[Turn] | None, holder: str) -> Fate:
    if stored is None:
        return Fate.DELETED
    if stored.value.holder != holder or stored.value.status is not TurnStatus.RUNNING:
        return Fate.LOST
    return Fate.STOPPED if stored.value.stop_requested_at else Fate.OURS
