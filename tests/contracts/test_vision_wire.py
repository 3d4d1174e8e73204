"""Pictures shown to real SDKs against a server that speaks their format; how streams fail is told by the chat models' suite."""

from base64 import b64decode, urlsafe_b64decode
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

import pytest

from shared.adapters.vision import Blind, ChatVision
from shared.core.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    ResourceExhaustedError,
    SynapseError,
    UnavailableError,
)
from shared.domain.conversation import TokenUsage
from shared.domain.prompt import SeenPicture
from shared.domain.reading import Reading
from shared.ports.vision import Vision
from tests.memory.vision import ScriptedVision
from tests.wire.providers import PATIENT, PROVIDERS
from tests.wire.server import Reply, WireServer, running

PICTURE = SeenPicture(content=b"\x89PNG\r\n\x1a\n and so on", content_type="image/png")


@pytest.fixture(params=PROVIDERS)
def provider(request) -> ModuleType:
    return PROVIDERS[request.param]


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with running() as started:
        yield started


def eyes(provider: ModuleType, server: WireServer) -> ChatVision:
    return ChatVision(provider.open_model(server.url, PATIENT))


def shown(body: Any) -> tuple[str, bytes, str]:
    """Type and bytes of the picture, and the text beside it, in either format."""
    if "contents" in body:
        picture, text = body["contents"][-1]["parts"]
        # The SDK leaves this one name in Python's spelling, which JSON of protocol buffers accepts too.
        return picture["inlineData"]["mime_type"], urlsafe_b64decode(picture["inlineData"]["data"]), text["text"]
    picture, text = body["messages"][-1]["content"]
    kind, _, data = picture["image_url"]["url"].removeprefix("data:").partition(";base64,")
    return kind, b64decode(data), text["text"]


async def test_the_picture_travels_in_the_request_with_the_instructions_apart(provider, server):
    usage = TokenUsage(prompt_tokens=1200, completion_tokens=34)
    server.will_reply(Reply(provider.answer("Blue whales ", "eat krill.", usage=usage)))

    assert await eyes(provider, server).read(PICTURE, "Copy it.") == Reading(text="Blue whales eat krill.", tokens=1234)

    assert shown(server.requests[0].body)[:2] == (PICTURE.content_type, PICTURE.content)
    assert "Copy it." in str(server.requests[0].body)
    assert "Copy it." not in shown(server.requests[0].body)[2]


async def test_a_provider_that_does_not_count_is_not_taken_for_free(provider, server):
    server.will_reply(Reply(provider.answer("Whales.")))

    assert (await eyes(provider, server).read(PICTURE, "Copy it.")).tokens > 1000


async def test_an_answer_that_was_cut_says_so(provider, server):
    server.will_reply(Reply(provider.answer("Whal", finish_reason="length")))

    assert not (await eyes(provider, server).read(PICTURE, "Copy it.")).is_whole


@pytest.mark.parametrize(
    ("status", "error"), [(400, InvalidArgumentError), (429, ResourceExhaustedError), (503, UnavailableError)]
)
async def test_a_refusal_is_the_chat_models_error(provider, server, status, error: type[SynapseError]):
    server.will_reply(provider.failure(status, {"Retry-After": "7"}))

    with pytest.raises(error) as refused:
        await eyes(provider, server).read(PICTURE, "Copy it.")
    assert refused.value.retry_after_seconds == 7 if status == 429 else True


@pytest.mark.parametrize("blind", [Blind(), ScriptedVision(can_see=False)], ids=lambda each: type(each).__name__)
async def test_who_does_not_see_says_so_and_refuses(blind: Vision):
    assert not blind.can_see
    with pytest.raises(FailedPreconditionError):
        await blind.read(PICTURE, "Copy it.")
