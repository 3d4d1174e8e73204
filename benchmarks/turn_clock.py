"""When a turn waited for a port and when for us: its own time is the wall's less the union of its waits.

A checkpoint is no wait: it runs beside the turn, which does not stop for it. What an adapter computes counts as waiting, and so
does the time until a busy event loop takes up what a port has answered; processor time and the loop's lag are told beside it.
"""

import inspect
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.domain.bot import GenerationSettings
from shared.domain.prompt import ModelEvent, Prompt

BESIDE_THE_TURN = {"checkpoint"}
Interval = tuple[float, float]


@dataclass
class TurnTimes:
    """One turn by time.perf_counter; what did not happen is None."""

    began: float
    waits: list[tuple[str, Interval]] = field(default_factory=list)
    first_event: float | None = None
    asked_model: float | None = None
    first_token: float | None = None
    ended: float | None = None

    def own(self, until: float) -> float:
        """Seconds until then in which no port was waited for."""
        return until - self.began - covered([interval for _, interval in self.waits], until)

    def saw(self, frame: bytes, now: float) -> None:
        """A frame has left."""
        if self.first_event is None and b'data: {"message"' in frame:
            self.first_event = now
        if self.first_token is None and b'"type":"token"' in frame:
            self.first_token = now

    def summary(self) -> dict[str, Any]:
        """Milliseconds: each moment since the beginning, own time until each, and the waits by name."""
        moments = {"first_event": self.first_event, "asked_model": self.asked_model, "first_token": self.first_token}
        reached = {name: at for name, at in {**moments, "ended": self.ended}.items() if at is not None}
        waited: dict[str, float] = {}
        for name, (start, end) in self.waits:
            waited[name] = waited.get(name, 0.0) + 1000 * (end - start)
        return {
            "at": {name: 1000 * (at - self.began) for name, at in reached.items()},
            "own": {name: 1000 * self.own(at) for name, at in reached.items()},
            "waited": waited,
        }


def covered(intervals: Sequence[Interval], until: float) -> float:
    """The length of the intervals' union before that moment."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        begin, stop = max(start, reached), min(end, until)
        total += max(0.0, stop - begin)
        reached = max(reached, stop)
    return total


_current: ContextVar[TurnTimes | None] = ContextVar("turn", default=None)


@contextmanager
def waiting(name: str) -> Iterator[None]:
    """Within the block the current turn waits for that port's method."""
    began = perf_counter()
    try:
        yield
    finally:
        turn = _current.get()
        if turn is not None and name not in BESIDE_THE_TURN:
            turn.waits.append((name, (began, perf_counter())))


class TimedPort:
    """The port, each of its coroutine methods a wait."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def timed(*args: Any, **kwargs: Any) -> Any:
            with waiting(name):
                return await method(*args, **kwargs)

        return timed


class TimedModels:
    """The registry, the stream of each of its models a wait for every event."""

    def __init__(self, models: Any) -> None:
        self._models = models

    def get(self, name: str) -> "TimedModel":
        """As the port says."""
        return TimedModel(self._models.get(name))


class TimedModel:
    """A model that marks when it is asked."""

    def __init__(self, model: Any) -> None:
        self.spec = model.spec
        self._model = model

    async def stream(self, prompt: Prompt, settings: GenerationSettings) -> AsyncGenerator[ModelEvent, None]:
        """As the port says."""
        turn = _current.get()
        if turn is not None:
            turn.asked_model = perf_counter()
        async with aclosing(self._model.stream(prompt, settings)) as events:
            while True:
                with waiting("model"):
                    event = await anext(events, None)
                if event is None:
                    return
                yield event


class WatchedTurns:
    """An app whose every streamed call becomes one of `turns` when it ends."""

    def __init__(self, app: ASGIApp) -> None:
        self.turns: list[TurnTimes] = []
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The call, its frames watched as they leave."""
        turn = TurnTimes(perf_counter())
        _current.set(turn)

        async def watched(message: Message) -> None:
            await send(message)
            turn.saw(message.get("body", b""), perf_counter())

        await self._app(scope, receive, watched)
        turn.ended = perf_counter()
        self.turns.append(turn)
