"""The real `chat` function under uvicorn, its store the emulator, its ports timed, its model and embedder stubs.

    python -m benchmarks.chat_server PORT FOLDER

GET /measured tells what was measured since it was last asked; PUT /search/30 lets a search take 30 ms and the emulator rest,
PUT /search/0 asks the emulator again.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from benchmarks.stub_model import FixedEmbedder, RememberingIndex, StubChatModels
from benchmarks.turn_clock import TimedModels, TimedPort, WatchedTurns
from local import mounts
from local.ports import HOST
from shared.domain.plan import FREE, PLANS, FlowLimits
from shared.ports.models import ChatModels, Embedder, VectorIndex
from shared.ports.store import Bots, Documents, Turns
from shared.runtime import catalogue, wiring

PLAN = "benchmark"
_LAG_SECONDS = 0.05  # Seldom enough that watching takes no notable share of the processor time that is told.
UNLIMITED = FlowLimits(turns_per_minute=10**9, turns_per_month=10**9, tokens_per_month=10**12)


class Meter:
    """The process since the last reading; lag is how late the event loop wakes a sleeper."""

    def __init__(self, watched: WatchedTurns) -> None:
        self._watched = watched
        self._lags: list[float] = []
        self._cpu = process_time()

    async def watch_loop(self) -> None:
        """Until cancelled."""
        while True:
            began = perf_counter()
            await asyncio.sleep(_LAG_SECONDS)
            self._lags.append(1000 * (perf_counter() - began - _LAG_SECONDS))

    async def measured(self, _: Request) -> JSONResponse:
        """Turns, processor seconds, lags in ms, and resident memory in MB; then starts anew."""
        turns, self._watched.turns = self._watched.turns, []
        lags, self._lags = self._lags, []
        cpu, self._cpu = process_time() - self._cpu, process_time()
        summaries = [turn.summary() for turn in turns]
        return JSONResponse({"turns": summaries, "cpu_seconds": cpu, "lags_ms": lags, "memory_mb": memory_mb()})


def memory_mb() -> float:
    """Resident now, which a function's memory limit is about; Linux alone tells."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def timed_ports(index: RememberingIndex) -> dict[Any, Any]:
    """The real store, a stub model and a fixed embedder; identity stays as it is, and counts as our own time."""
    timed: dict[Any, Any] = {port: TimedPort(wiring.provide(port)) for port in (Turns, Bots, Documents)}
    return {
        **timed,
        VectorIndex: TimedPort(index),
        Embedder: TimedPort(FixedEmbedder()),
        ChatModels: TimedModels(StubChatModels()),
    }


def create_app(folder: Path) -> Starlette:
    """The function's own app, mounted beside the meter; a plan without limits of flow joins the others."""
    PLANS[PLAN] = FREE.model_copy(update={"id": PLAN, "flow": UNLIMITED})
    watched = WatchedTurns(mounts.load(catalogue.read("chat"), folder))
    meter = Meter(watched)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        watcher = asyncio.create_task(meter.watch_loop())
        app.state.index = RememberingIndex(wiring.provide(VectorIndex))
        with wiring.bound(timed_ports(app.state.index)):
            yield
        watcher.cancel()

    search = Route("/search/{delay_ms:int}", set_search, methods=["PUT"])
    return Starlette(routes=[Route("/measured", meter.measured), search, Mount("/", watched)], lifespan=lifespan)


async def set_search(request: Request) -> Response:
    """How long a search takes from now on; 0 asks the emulator."""
    request.app.state.index.delay_seconds = request.path_params["delay_ms"] / 1000
    return Response(status_code=204)


def main(port: str, folder: str) -> None:
    uvicorn.run(create_app(Path(folder)), host=HOST, port=int(port), log_level="error", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
