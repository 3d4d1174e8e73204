"""What every chat model promises, the in-memory one included."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from shared.adapters.extractive import ExtractiveChatModel
from shared.domain.conversation import TokenUsage
from shared.domain.prompt import Completion, ModelSpec, TextDelta
from shared.ports.models import ChatModel
from tests.memory.chat_models import FakeEmbedder, ScriptedChatModel
from tests.wire.providers import PATIENT, PROMPT, PROVIDERS, SETTINGS
from tests.wire.server import Reply, running

USAGE = TokenUsage(prompt_tokens=11, completion_tokens=3)


@pytest.fixture(params=["scripted", "extractive", *PROVIDERS])
async def model(request) -> AsyncIterator[ChatModel]:
    if request.param == "scripted":
        yield ScriptedChatModel(("Zürich ", "", "liegt", " am See."), usage=USAGE)
    elif request.param == "extractive":
        yield ExtractiveChatModel(ModelSpec(name="extractive", adapter="extractive", context_tokens=8192), FakeEmbedder())
    else:
        provider = PROVIDERS[request.param]
        async with running() as server:
            reply = Reply(provider.answer("Zürich ", "", "liegt", " am See.", usage=USAGE))
            server.answer = lambda _: reply
            yield provider.open_model(server.url, PATIENT)


async def test_text_comes_in_pieces_and_then_exactly_one_completion(model):
    events = [event async for event in model.stream(PROMPT, SETTINGS)]

    assert [type(event) for event in events] == [TextDelta] * (len(events) - 1) + [Completion]
    assert len(events) > 1
    assert events[-1].finish_reason == "stop"


async def test_the_tokens_are_counted(model):
    [completion] = [event async for event in model.stream(PROMPT, SETTINGS) if isinstance(event, Completion)]

    assert completion.usage.prompt_tokens > 0
    assert completion.usage.completion_tokens > 0


async def test_a_stream_that_is_closed_early_leaves_the_model_usable(model):
    async with aclosing(model.stream(PROMPT, SETTINGS)) as events:
        first = await anext(events)

    again = [event async for event in model.stream(PROMPT, SETTINGS)]
    assert again[0] == first


async def test_the_same_prompt_gets_the_same_answer_where_the_model_is_deterministic(model):
    once = [event async for event in model.stream(PROMPT, SETTINGS)]
    twice = [event async for event in model.stream(PROMPT, SETTINGS)]

    assert once == twice
