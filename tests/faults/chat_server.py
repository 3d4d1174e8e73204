"""The chat's functions under uvicorn, to be killed: real store, a slow model that says what is known before, a clock of its own.

    python -m tests.faults.chat_server FOLDER

Each line `PORT SECONDS_AHEAD` on standard input is answered by the id of a process that serves there: a fork, since starting
Python anew would take longer than the streams that it is killed in. All of them end with standard input.
"""

import asyncio
import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

import shared.adapters.firestore_turns  # noqa: F401  Imported before the fork, though a function would import it at its first call.
from benchmarks.chat_server import PLAN, UNLIMITED
from benchmarks.stub_model import Delays, FixedEmbedder, StubChatModels
from local import mounts
from local.ports import HOST
from shared.core.clock import Clock, system_clock
from shared.domain.plan import FREE, PLANS
from shared.ports.identity import Identity
from shared.ports.models import ChatModels, Embedder
from shared.runtime import catalogue
from shared.runtime.wiring import bound, provide
from shared.services.telling import Telling
from tests.memory.identity import MemoryIdentity

MODEL = Delays(first_ms=20, gap_ms=10, tokens=60)
"""Six tenths of a second for an answer."""
ANSWER = "".join(f"word{number} " for number in range(1, MODEL.tokens)) + "end."
FUNCTIONS = ("chat", "resume_turn")


async def _ready(_: Request) -> Response:
    """Warm as well: a cold instance would be killed before its streams have begun."""
    telling: Telling = provide(Telling)
    await telling.chats.turns.context("nobody", None, None)
    return Response(status_code=204)


def create_app(folder: Path) -> Starlette:
    PLANS[PLAN] = FREE.model_copy(update={"id": PLAN, "flow": UNLIMITED})
    apps = [Mount(f"/{name}", mounts.load(catalogue.read(name), folder)) for name in FUNCTIONS]
    return Starlette(routes=[Route("/ready", _ready), *apps])


def serve(app: Starlette, port: int, ahead: timedelta) -> None:
    """Until killed."""

    def clock() -> datetime:
        return system_clock() + ahead

    with bound({Identity: MemoryIdentity(), ChatModels: StubChatModels(), Embedder: FixedEmbedder(), Clock: clock}):
        asyncio.run(uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_level="error", access_log=False)).serve())


def main(folder: str) -> None:
    app = create_app(Path(folder))
    # The dead are not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        answer_requests(app)
    finally:
        os.killpg(0, signal.SIGKILL)


def answer_requests(app: Starlette) -> None:
    """Until standard input ends."""
    for line in sys.stdin:
        port, ahead = line.split()
        process = os.fork()
        if process == 0:
            os.dup2(2, 1)  # Standard output is the parent's to answer on.
            serve(app, int(port), timedelta(seconds=float(ahead)))
            os._exit(0)
        sys.stdout.write(f"{process}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
