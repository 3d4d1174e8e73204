"""The gateway connects the Pub/Sub emulator's topics to functions, and stays connected through a restart."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import uvicorn
from google.cloud import pubsub_v1
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.gateway import GatewayOptions, create_app
from local.ports import Ports
from shared.runtime.catalogue import Manifest

_STAGE = Manifest.model_validate(
    {"name": "chunk_document", "trigger": {"topic": "chunk-document"}, "account": "pipeline", "max_delivery_attempts": 5}
)
_DEAD_LETTERS = Manifest.model_validate(
    {"name": "record_dead_letter", "trigger": {"topic": "dead-letters"}, "account": "operations"}
)
_SCHEDULE = Manifest.model_validate({"name": "clean_up", "trigger": {"schedule": "0 3 * * *"}, "account": "operations"})


@dataclass
class Recorder:
    """A stand-in for a function's app: keeps what it was sent and answers the given statuses, then 204."""

    statuses: list[int] = field(default_factory=list)
    bodies: asyncio.Queue = field(default_factory=asyncio.Queue)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/", self._answer, methods=["POST"])])

    async def next(self, count: int) -> list[dict]:
        async with asyncio.timeout(60):
            return [await self.bodies.get() for _ in range(count)]

    async def _answer(self, request: Request) -> Response:
        body = await request.body()
        self.bodies.put_nowait(json.loads(body) if body else {})
        return Response(status_code=self.statuses.pop(0) if self.statuses else 204)


@asynccontextmanager
async def _serving(functions, options):
    server = uvicorn.Server(uvicorn.Config(create_app(functions, options), port=options.port, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    yield
    server.should_exit = True
    await serving


def _publish(project, topic, **attributes):
    publisher = pubsub_v1.PublisherClient()
    publisher.publish(publisher.topic_path(project, topic), b'{"document_id": "d"}', **attributes).result(timeout=20)
    publisher.stop()


@pytest.fixture
def options(fresh_project, tmp_path):
    return GatewayOptions(port=Ports.free().gateway, project=fresh_project, region="us-central1", token="t", folder=tmp_path)


async def test_a_message_is_pushed_with_its_attributes_and_again_until_it_is_taken(options):
    stage = Recorder(statuses=[503, 500])
    async with _serving({_STAGE: stage.app()}, options):
        await asyncio.to_thread(_publish, options.project, "chunk-document", correlation_id="c")
        bodies = await stage.next(3)
    assert {body["message"]["attributes"]["correlation_id"] for body in bodies} == {"c"}
    assert {body["message"]["messageId"] for body in bodies} == {bodies[0]["message"]["messageId"]}
    assert bodies[0]["subscription"] == f"projects/{options.project}/subscriptions/chunk-document"


async def test_a_message_that_is_never_taken_ends_among_the_dead_letters(options):
    stage = Recorder(statuses=[503] * 50)
    dead_letters = Recorder()
    async with _serving({_STAGE: stage.app(), _DEAD_LETTERS: dead_letters.app()}, options):
        await asyncio.to_thread(_publish, options.project, "chunk-document")
        (body,) = await dead_letters.next(1)
    attributes = body["message"]["attributes"]
    assert attributes["CloudPubSubDeadLetterSourceSubscription"] == "chunk-document"
    assert stage.bodies.qsize() == 5


async def test_a_message_published_while_no_gateway_runs_is_pushed_to_the_next_one(options):
    before, after = Recorder(), Recorder()
    async with _serving({_STAGE: before.app()}, options):
        pass
    await asyncio.to_thread(_publish, options.project, "chunk-document")
    moved = GatewayOptions(**{**vars(options), "port": Ports.free().gateway})
    async with _serving({_STAGE: after.app()}, moved):
        assert await after.next(1)
    assert before.bodies.empty()


async def test_a_schedule_runs_at_the_interval_that_takes_its_cron_lines_place(options):
    cleaner = Recorder()
    often = GatewayOptions(**{**vars(options), "schedule_seconds": 0.05})
    async with _serving({_SCHEDULE: cleaner.app()}, often):
        assert await cleaner.next(3) == [{}, {}, {}]
