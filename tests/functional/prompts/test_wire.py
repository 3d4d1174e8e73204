"""Long summaries over a provider's wire: the expected calls, each within the context, and every part of the text read once."""

import json
import re
from typing import Any

from shared.domain.conversation import TokenUsage
from shared.domain.prompt import estimated_tokens
from shared.ports.models import ChatModels
from shared.runtime.wiring import bound
from tests.functional.harness import client_for
from tests.functional.people import World
from tests.memory.chat_models import MemoryChatModels
from tests.wire import openai_format
from tests.wire.providers import PATIENT
from tests.wire.server import Reply, Request, running

RUN = client_for("run_prompt")
PARTS = 12
TEXT = "\n\n".join(f"Chapter {number} begins. " + "The sea is wide, and the whale is large. " * 150 for number in range(PARTS))
ASKED = {"prompt_id": "summarise", "model": "openai-compatible", "variables": {"text": TEXT, "style": "bullets"}}


def told(request: Request) -> list[str]:
    """The chapters that a call reads of, in their order."""
    [_, (_, user)] = openai_format.asked(request)
    return re.findall(r"Chapter (\d+) begins", user) or re.findall(r"gist (\d+)", user)


async def run(answer: Any) -> tuple[Any, list[Request]]:
    async with running() as server:
        server.answer = answer
        with bound({ChatModels: MemoryChatModels(openai_format.open_model(server.url, PATIENT))}):
            reply = await RUN.call(ASKED, token="alice")
    return reply, server.requests


async def test_a_text_beyond_the_context_is_summarised_in_parts_and_then_as_a_whole(world: World) -> None:
    usage = TokenUsage(prompt_tokens=1000, completion_tokens=10)

    def gist(request: Request) -> Reply:
        return Reply(openai_format.answer(" ".join(f"gist {number}" for number in told(request)), usage=usage))

    reply, requests = await run(gist)

    *parts, last = requests
    expected = [str(number) for number in range(PARTS)]
    assert sorted((chapter for part in parts for chapter in told(part)), key=int) == told(last) == expected
    assert len(parts) > 1
    for request in requests:
        size = estimated_tokens(json.dumps(request.body["messages"])) + 1024
        assert size <= openai_format.SPEC.context_tokens
        assert request.body["temperature"] == 0
    assert "list of points" in openai_format.asked(last)[1][1]
    assert reply.result["text"] == " ".join(f"gist {number}" for number in range(PARTS))
    assert reply.result["usage"] == {"prompt_tokens": 1000 * len(requests), "completion_tokens": 10 * len(requests)}
    assert world.store.flow["alice", "tokens 2026-11"] == 1010 * len(requests)


async def test_a_provider_that_fails_in_the_middle_is_paid_for_what_it_did(world: World) -> None:
    usage = TokenUsage(prompt_tokens=1000, completion_tokens=10)

    def failing(request: Request) -> Reply:
        if "11" in told(request):
            return openai_format.failure(503)
        return Reply(openai_format.answer("A gist.", usage=usage))

    reply, requests = await run(failing)

    assert (reply.status, reply.error["status"]) == (503, "UNAVAILABLE")
    paid = world.store.flow["alice", "tokens 2026-11"]
    assert 0 < paid <= 1010 * len(requests)
    assert (world.store.reservations, world.store.prompt_runs) == ({}, {})
