"""The turn's life on the record: reserved, checkpointed while it streams, and settled once, whichever way it ends."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from shared.agent.answer import Answer, Shown, Speaker
from shared.agent.prompts import Asked
from shared.agent.retrieval import Knowledge
from shared.core.errors import CancelledError, Code, ConflictError, DeadlineExceededError, NotFoundError, SynapseError
from shared.core.log import logger
from shared.domain.conversation import TokenUsage, Turn, TurnStatus, usage_of
from shared.ports.store import Versioned
from shared.services.ceiling import Grant
from shared.services.keeping import Fate, Keeper, Upkeep
from shared.services.scenes import Scene

# A chat that ran out of time has 5 s left until the platform cuts it, and with it the processor: a longer wait would only look
# safe. Half a second stays for the last frame.
SETTLE_SECONDS = 4.5

_unfinished: set[asyncio.Task[None]] = set()
"""The event loop keeps weak references alone; a settlement whose caller was cancelled twice must still end."""


class LiveTurn:
    """Within the block the turn is running; leaving it, by its end, an error or the client's, settles it as what it was.

    Entering raises ResourceExhaustedError over a limit, and then nothing is stored; AlreadyExistsError where the turn's id is
    taken; with `over`, the turn as it was before, ConflictError where another was first to take it.
    """

    def __init__(self, scene: Scene, speaker: Speaker, record: Turn, upkeep: Upkeep, over: Versioned[Turn] | None = None) -> None:
        self.answer = Answer(speaker, Asked(record.question, scene.path))
        self.record = record
        self._scene = scene
        self._upkeep = upkeep
        self._over = over
        self._began = perf_counter()
        self._grant: Grant | None = None
        self._keeper: Keeper | None = None
        self._waiting: asyncio.Timeout | None = None

    @property
    def has_begun(self) -> bool:
        """Whether it was reserved."""
        return self._keeper is not None

    @property
    def usage(self) -> TokenUsage:
        """What all its attempts have used."""
        return usage_of(self._calls)

    async def __aenter__(self) -> Self:
        reserving = asyncio.create_task(self._reserve())
        try:
            # Cut in the middle a commit may stand or not, and only its end tells which: it is waited for and then undone.
            await asyncio.shield(reserving)
        except asyncio.CancelledError as error:
            await _see_through(self._give_up(reserving, error))
            raise
        if self._keeper:
            self._keeper.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            await _see_through(self._settle(error))
        except SynapseError:
            if error is None:
                raise
            # What ended the turn is what the caller must see; the sweep settles the turn once its lease has ended.
            logger.exception("a turn that ended early could not be settled", extra={"turn_id": self.record.id})

    async def events(self, knowledge: Knowledge) -> AsyncGenerator[Shown, None]:
        """The answer's events, until it ends or was stopped.

        Raises as `Answer.events`, and ConflictError where another has taken the turn, NotFoundError where it was deleted.
        """
        # `async for` alone would leave the answer to the garbage collector when the reader leaves, and the model would go on.
        async with aclosing(self.answer.events(knowledge)) as events:
            while (event := await self._next(events)) is not None:
                yield event
        self._require_ours()

    async def _next(self, events: AsyncGenerator[Shown, None]) -> Shown | None:
        if self._fate is not Fate.OURS:
            return None
        try:
            # No time limit: what ends the wait is `_interrupt`. A model may be silent for a minute, and a stop should not wait.
            async with asyncio.timeout(None) as self._waiting:
                return await anext(events, None)
        except TimeoutError:
            if self._fate is Fate.OURS:
                raise
            return None
        finally:
            self._waiting = None

    def _interrupt(self) -> None:
        if self._waiting:
            self._waiting.reschedule(asyncio.get_running_loop().time())

    def _require_ours(self) -> None:
        if self._fate is Fate.LOST:
            raise ConflictError("The turn continues elsewhere; resume it.")
        if self._fate is Fate.DELETED:
            raise NotFoundError("There is no such turn.")

    @property
    def _fate(self) -> Fate:
        return self._keeper.fate if self._keeper else Fate.OURS

    @property
    def _calls(self) -> tuple[Any, ...]:
        return (*(self._over.value.calls if self._over else ()), *self.answer.ledger)

    async def _reserve(self) -> None:
        grant = await self._upkeep.ceiling.take(self.record.reserved_tokens)
        try:
            plan, visitor = self._scene.plan.flow, self._scene.visitor
            reserved = await self._upkeep.turns.reserve(self.record, plan, visitor=visitor, over=self._over)
            self._grant = grant
            self._keeper = Keeper(reserved.turn, self._upkeep, self._progress, self._interrupt)
        finally:
            if self._grant is None:
                self._upkeep.ceiling.give_back(grant)

    async def _give_up(self, reserving: "asyncio.Task[None]", error: BaseException) -> None:
        """The client left while the reservation was under way: undo it once it is known to stand."""
        try:
            await reserving
        except SynapseError:
            return
        await self._settle(error)

    async def _settle(self, error: BaseException | None) -> None:
        keeper, grant = self._keeper, self._grant
        if keeper is None or grant is None:
            return
        try:
            await keeper.stop()
            if error is not None and keeper.fate in {Fate.LOST, Fate.DELETED}:
                return
            self._require_ours()
            self.record = self._ended(keeper.held.value, error)
            await self._upkeep.turns.settle(keeper.held, self.record, self._scene.read, self._scene.path)
        finally:
            self._upkeep.ceiling.give_back(grant, self.answer.usage.total)

    def _progress(self, turn: Turn) -> Turn:
        """The turn as its answer stands; a second attempt takes the first one's answer away only once it has a longer one."""
        now = self._whole(turn)
        return now.keeping_longer(self._over.value) if self._over else now

    def _ended(self, turn: Turn, error: BaseException | None) -> Turn:
        first, status = self.answer.first_said_at, _status(error, self._fate)
        ended = self._progress(turn) if status is not TurnStatus.DONE else self._whole(turn)
        return ended.model_copy(
            update={
                "status": status,
                "error": _code(error) if status is TurnStatus.FAILED else None,
                "settlements": turn.settlements + 1,
                "lease_until": None,
                "latency_ms": _milliseconds(self._began, perf_counter()),
                "first_token_ms": _milliseconds(self._began, first) if first else None,
                "updated_at": self._upkeep.clock(),
            }
        )

    def _whole(self, turn: Turn) -> Turn:
        answer = self.answer
        said = {"answer": answer.text, "found": answer.found, "citations": tuple(answer.citations), "calls": self._calls}
        return turn.model_copy(update=said)


def _status(error: BaseException | None, fate: Fate) -> TurnStatus:
    is_leaving = isinstance(error, GeneratorExit | asyncio.CancelledError | CancelledError)
    if fate is Fate.STOPPED and (error is None or is_leaving):
        return TurnStatus.STOPPED
    if error is None:
        return TurnStatus.DONE
    return TurnStatus.INTERRUPTED if is_leaving else TurnStatus.FAILED


def _code(error: BaseException | None) -> Code:
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
