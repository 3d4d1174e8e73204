"""The turn's life on the record: reserved, checkpointed while it streams, and settled once, whichever way it ends."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from shared.agent.answer import Answer, Speaker
from shared.agent.prompts import Asked
from shared.core.clock import Clock
from shared.core.errors import CancelledError, Code, DeadlineExceededError, SynapseError
from shared.core.ids import new_id
from shared.core.log import logger
from shared.domain.conversation import Turn, TurnStatus
from shared.domain.plan import Reservation
from shared.ports.store import Turns
from shared.services.scenes import Scene

# A chat that ran out of time has 5 s left until the platform cuts it, and with it the processor: a longer wait would only look
# safe. Half a second stays for the last frame.
SETTLE_SECONDS = 4.5
# Within those: more than half is left for the settlement itself.
_CHECKPOINT_SECONDS = 2.0
# Long enough for a few checkpoints to fail before readers take the turn for interrupted.
_LEASE_SECONDS = 60.0
# Chat is cut at 300 s; without checkpoints nothing prolongs the lease meanwhile.
_WHOLE_TURN_SECONDS = 330.0

_unfinished: set[asyncio.Task[None]] = set()
"""The event loop keeps weak references alone; a settlement whose caller was cancelled twice must still end."""


@dataclass(frozen=True)
class Upkeep:
    """What keeps a turn on the record; `checkpoint_seconds` 0 turns checkpoints off, `retention_days` 0 keeps it for ever."""

    turns: Turns
    clock: Clock
    checkpoint_seconds: float
    retention_days: int

    @property
    def lease(self) -> timedelta:
        """How long a turn may be silent before readers take it for interrupted."""
        if not self.checkpoint_seconds:
            return timedelta(seconds=_WHOLE_TURN_SECONDS)
        return timedelta(seconds=max(_LEASE_SECONDS, 3 * self.checkpoint_seconds))

    def expiry(self, now: datetime) -> datetime | None:
        """When a turn that opens now is forgotten."""
        return now + timedelta(days=self.retention_days) if self.retention_days else None


class LiveTurn:
    """Within the block the turn is running; leaving it, by its end, an error or the client's, settles it as what it was.

    Entering raises ResourceExhaustedError over a limit of the plan, and InvalidArgumentError where the message is too long
    for the model; then nothing is stored.
    """

    def __init__(self, scene: Scene, speaker: Speaker, message: str, upkeep: Upkeep) -> None:
        asked = Asked(message, scene.conversation.tail)
        self.answer = Answer(speaker, asked)
        self.record = _opening(scene, speaker, asked, upkeep)
        self._scene = scene
        self._upkeep = upkeep
        self._began = perf_counter()
        self._is_leaving = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        reserving = asyncio.create_task(self._reserve())
        try:
            # Cut in the middle a commit may stand or not, and only its end tells which: it is waited for and then undone.
            await asyncio.shield(reserving)
        except asyncio.CancelledError as error:
            await _see_through(self._give_up(reserving, error))
            raise
        if self._upkeep.checkpoint_seconds:
            self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            await _see_through(self._settle(error))
        except SynapseError:
            if error is None:
                raise
            # What ended the turn is what the caller must see; the turn itself reads as interrupted once its lease has ended.
            logger.exception("a turn that ended early could not be settled", extra={"turn_id": self.record.id})

    async def _reserve(self) -> None:
        await self._upkeep.turns.reserve(self.record, self._reservation, self._scene.plan.flow)

    async def _give_up(self, reserving: "asyncio.Task[None]", error: BaseException) -> None:
        """The client left while the reservation was under way: undo it once it is known to stand."""
        try:
            await reserving
        except SynapseError:
            return
        await self._settle(error)

    @property
    def _reservation(self) -> Reservation:
        record = self.record
        return Reservation(owner_id=record.bot_owner_id, at=record.created_at, tokens=record.reserved_tokens)

    async def _keep(self) -> None:
        """Checkpoints, one after another, so that never two are in flight; a failed one is made up for by the next."""
        saved, lease_until = "", self.record.lease_until
        while not await self._leaves_within(self._upkeep.checkpoint_seconds):
            now, text = self._upkeep.clock(), self.answer.text
            # A model that thinks writes nothing: only the lease then needs a write, and only now and then.
            if text == saved and lease_until and now < lease_until - self._upkeep.lease / 2:
                continue
            try:
                await self._upkeep.turns.checkpoint(self.record.conversation_id, self.record.id, text, now + self._upkeep.lease)
            except SynapseError as error:
                logger.warning("a checkpoint failed", extra={"turn_id": self.record.id, "code": error.code})
            else:
                saved, lease_until = text, now + self._upkeep.lease

    async def _leaves_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._is_leaving.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _settle(self, error: BaseException | None) -> None:
        await self._stop_keeping()
        self.record = self._ended(error)
        await self._upkeep.turns.settle(self.record, self._scene.read, self._reservation, self.answer.usage.total)

    async def _stop_keeping(self) -> None:
        """Wait for a checkpoint in flight: arriving after the settlement, it would put the turn back to its partial answer."""
        self._is_leaving.set()
        if self._keeper:
            await asyncio.wait({self._keeper}, timeout=_CHECKPOINT_SECONDS)
            self._keeper.cancel()

    def _ended(self, error: BaseException | None) -> Turn:
        first, answer = self.answer.first_said_at, self.answer
        return self.record.model_copy(
            update={
                "status": _status(error),
                "error": _code(error),
                "answer": answer.text,
                "found": answer.found,
                "citations": tuple(answer.citations),
                "calls": tuple(answer.calls),
                "lease_until": None,
                "latency_ms": _milliseconds(self._began, perf_counter()),
                "first_token_ms": _milliseconds(self._began, first) if first else None,
                "updated_at": self._upkeep.clock(),
            }
        )


def _opening(scene: Scene, speaker: Speaker, asked: Asked, upkeep: Upkeep) -> Turn:
    conversation, bot, now = scene.conversation, scene.bot, upkeep.clock()
    return Turn(
        id=new_id(),
        conversation_id=conversation.id,
        owner_id=conversation.owner_id,
        bot_id=bot.id if bot else None,
        bot_version=bot.version if bot else None,
        bot_owner_id=bot.owner_id if bot else conversation.owner_id,
        persona_id=bot.configuration.persona_id if bot else conversation.persona_id,
        model=speaker.model.spec.name,
        question=asked.question,
        reserved_tokens=speaker.likely_tokens(asked),
        lease_until=now + upkeep.lease,
        created_at=now,
        updated_at=now,
        expire_at=upkeep.expiry(now),
    )


def _status(error: BaseException | None) -> TurnStatus:
    if error is None:
        return TurnStatus.DONE
    is_leaving = isinstance(error, GeneratorExit | asyncio.CancelledError | CancelledError)
    return TurnStatus.INTERRUPTED if is_leaving else TurnStatus.FAILED


def _code(error: BaseException | None) -> Code | None:
    if _status(error) is not TurnStatus.FAILED:
        return None
    return error.code if isinstance(error, SynapseError) else Code.INTERNAL


def _milliseconds(start: float, end: float) -> int:
    return round((end - start) * 1000)


async def _see_through(work: Coroutine[Any, Any, None]) -> None:
    """Await the work to its end though the caller is being cancelled. Raises DeadlineExceededError after SETTLE_SECONDS."""
    task = asyncio.create_task(work)
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    try:
        await asyncio.wait_for(asyncio.shield(task), SETTLE_SECONDS)
    except TimeoutError as error:
        raise DeadlineExceededError(
            "The turn could not be stored in time; its answer may be incomplete in the history."
        ) from error
