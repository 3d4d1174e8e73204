"""One process that stands in for Cloud Functions, API Gateway, Scheduler, Hosting and IAM, around the functions' real apps."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from local import mounts, schedules, subscriptions
from local.ports import HOST
from local.processes import ROOT
from local.routing import Router, push_path
from shared.core.clock import system_clock
from shared.runtime.catalogue import Manifest, read_all

_PAGE_FOLDERS = (ROOT / "web" / "dist", ROOT / "web")


@dataclass(frozen=True)
class GatewayOptions:
    """Where a gateway listens, what its push URLs carry, and how often schedules run instead of by their cron lines."""

    port: int
    project: str
    region: str
    token: str
    folder: Path
    schedule_seconds: float | None = None


def create_app(functions: Mapping[Manifest, ASGIApp], options: GatewayOptions) -> Starlette:
    """The app; when it starts it connects the topics, and until it ends it runs the schedules."""
    router = Router(functions, f"{options.project}/{options.region}", token=options.token, page=_page())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(subscriptions.create, functions, options.project, lambda name: _push_url(options, name))
        running = [
            asyncio.create_task(_keep_schedule(router, manifest, options)) for manifest in functions if manifest.trigger.schedule
        ]
        yield
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    return Starlette(routes=[Mount("/", router)], lifespan=lifespan)


def serve(options: GatewayOptions) -> None:
    """Load every function and answer until the process is told to end."""
    functions = {manifest: mounts.load(manifest, options.folder / "sources") for manifest in read_all()}
    app = create_app(functions, options)
    uvicorn.run(app, host=HOST, port=options.port, log_level="warning", timeout_graceful_shutdown=5)


async def _keep_schedule(router: ASGIApp, manifest: Manifest, options: GatewayOptions) -> None:
    cron = manifest.trigger.schedule or ""
    await schedules.keep(
        lambda: schedules.post(router, push_path(options.token, manifest.name)),
        lambda now: schedules.next_run(cron, now, options.schedule_seconds),
        system_clock,
    )


def _push_url(options: GatewayOptions, name: str) -> str:
    return f"http://{HOST}:{options.port}{push_path(options.token, name)}"


def _page() -> ASGIApp | None:
    folder = next((folder for folder in _PAGE_FOLDERS if (folder / "index.html").exists()), None)
    return StaticFiles(directory=folder, html=True) if folder else None
