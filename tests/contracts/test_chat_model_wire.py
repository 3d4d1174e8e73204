"""Real SDKs against a server that speaks their provider's format: streams, refusals, cuts, silence."""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import StringIO
from types import ModuleType

import pytest

from shared.adapters import gemini_client
from shared.adapters.gemini_chat import GeminiChatModel
from shared.adapters.model_streams import Patience
from shared.adapters.openai_compatible import OpenAiCompatibleChatModel, open_client
from shared.core import log
from shared.core.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    SynapseError,
    UnavailableError,
)
from shared.domain.conversation import TokenUsage
from shared.domain.prompt import Completion, ModelEvent, TextDelta
from shared.ports.models import ChatModel
from shared.runtime.boundary import attempt
from tests.wire import gemini_format, openai_format
from tests.wire.providers import PATIENT, PROMPT, PROVIDERS, SETTINGS
from tests.wire.server import Reply, WireServer, json_reply, running

HASTY = Patience(connect=5, first_token=0.3, between_tokens=0.3)


@pytest.fixture(params=PROVIDERS)
def provider(request) -> ModuleType:
    return PROVIDERS[request.param]


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with running() as started:
        yield started


@pytest.fixture
def lines() -> Iterator[StringIO]:
    stream = StringIO()
    log.configure(stream)
    yield stream
    log.logger.handlers.clear()


async def stream(provider: ModuleType, server: WireServer, patience: Patience = PATIENT) -> list[ModelEvent]:
    return await _all(provider.open_model(server.url, patience))


async def _all(model: ChatModel) -> list[ModelEvent]:
    return [event async for event in model.stream(PROMPT, SETTINGS)]


async def test_pieces_arrive_as_they_were_cut_without_empty_ones(provider, server):
    server.will_reply(Reply(provider.answer("Grüezi, ", "", "世界", " 🗺\n", "")))

    events = await stream(provider, server)

    assert [event.text for event in events[:-1]] == ["Grüezi, ", "世界", " 🗺\n"]


async def test_the_providers_own_counts_are_passed_on(provider, server):
    usage = TokenUsage(prompt_tokens=120, completion_tokens=34)
    server.will_reply(Reply(provider.answer("Yes.", usage=usage)))

    assert (await stream(provider, server))[-1] == Completion(usage=usage)


async def test_a_provider_that_does_not_count_leaves_the_usage_open(provider, server):
    server.will_reply(Reply(provider.answer("Yes.")))

    assert (await stream(provider, server))[-1] == Completion(usage=None)


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_the_reason_for_the_end_is_told_in_one_vocabulary(provider, server, reason):
    server.will_reply(Reply(provider.answer("Yes", finish_reason=reason)))

    assert (await stream(provider, server))[-1].finish_reason == reason


async def test_the_prompt_is_sent_in_order_instructions_history_question(provider, server):
    server.will_reply(Reply(provider.answer("Yes.")))

    await stream(provider, server)

    assert provider.asked(server.requests[0]) == [
        ("system", PROMPT.system),
        ("user", "Who are you?"),
        ("assistant", "A bard."),
        ("user", PROMPT.user),
    ]
    assert server.requests[0].headers["authorization"] == f"Bearer {provider.KEY}"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidArgumentError),
        (401, InternalError),
        (403, InternalError),
        (404, NotFoundError),
        (413, InvalidArgumentError),
        (429, ResourceExhaustedError),
        (500, UnavailableError),
        (503, UnavailableError),
        (504, DeadlineExceededError),
    ],
)
async def test_a_refusal_becomes_the_ports_error_after_one_request(provider, server, status, error):
    server.will_reply(provider.failure(status))

    with pytest.raises(error) as raised:
        await stream(provider, server)

    assert len(server.requests) == 1
    assert "Refused" not in raised.value.message


async def test_a_page_of_a_proxy_in_place_of_json_is_still_an_error_of_the_port(provider, server):
    server.will_reply(Reply((b"<html>Bad gateway</html>",), 502, content_type="text/html"))

    with pytest.raises(UnavailableError):
        await stream(provider, server)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 504])
async def test_a_key_that_the_provider_repeats_stands_nowhere_in_the_log(provider, server, lines, status):
    server.will_reply(provider.failure(status, {"X-Request-Id": provider.KEY}))

    refused = await attempt(stream(provider, server))

    assert isinstance(refused, SynapseError)
    assert provider.KEY not in lines.getvalue() + "".join(traceback.format_exception(refused))
    [told] = [line for line in map(json.loads, lines.getvalue().splitlines()) if "status" in line]
    assert (told["status"], told["request_id"]) == (status, None)


async def test_an_error_within_the_stream_keeps_the_providers_words_out_of_the_log(provider, server, lines):
    server.will_reply(Reply((provider.failure_within(503),)))

    refused = await attempt(stream(provider, server))

    assert isinstance(refused, UnavailableError)
    assert "Out of luck" not in lines.getvalue()
    assert provider.KEY not in lines.getvalue()


@pytest.mark.parametrize("request_id", ["req_0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"])
async def test_the_log_keeps_the_request_id_that_a_providers_support_asks_for(provider, server, lines, request_id):
    server.will_reply(provider.failure(503, {"X-Request-Id": request_id}))

    await attempt(stream(provider, server))

    assert request_id in lines.getvalue()


async def test_a_key_that_no_header_can_hold_stands_nowhere_in_the_log(server, lines):
    client = open_client(f"{server.url}/v1", f"{openai_format.KEY}\n", PATIENT)

    refused = await attempt(_all(OpenAiCompatibleChatModel(openai_format.SPEC, client, PATIENT)))

    assert isinstance(refused, UnavailableError)
    assert openai_format.KEY not in lines.getvalue()
    assert "LocalProtocolError" in lines.getvalue()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("inf", 86_400.0), ("1e12", 86_400.0), ("nan", 0.0), ("soon", None), ("", None)],
)
async def test_retry_after_in_seconds_is_passed_on(provider, server, header, seconds):
    server.will_reply(provider.failure(429, {"Retry-After": header}))

    with pytest.raises(ResourceExhaustedError) as raised:
        await stream(provider, server)

    assert raised.value.retry_after_seconds == seconds


async def test_retry_after_as_a_date_becomes_seconds_from_now(provider, server):
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    server.will_reply(provider.failure(503, {"Retry-After": date}))

    with pytest.raises(UnavailableError) as raised:
        await stream(provider, server)

    assert raised.value.retry_after_seconds == pytest.approx(600, abs=30)


def broken_streams(provider: ModuleType) -> Iterator[Reply]:
    """A dropped connection, an end without a reason, an event cut in its middle, and one that is no JSON."""
    yield Reply(provider.said("Half an"), ending="cut")
    yield Reply(provider.said("Half an"))
    yield Reply([*provider.said("Half an"), provider.said("other half")[-1][:-9]], ending="cut")
    yield Reply([*provider.said("Half an"), b'data: {"half": \n\n'])
    yield Reply((), ending="cut")


@pytest.mark.parametrize("which", range(5))
async def test_a_cut_stream_is_unavailable_and_never_a_completion(provider, server, which):
    server.will_reply(list(broken_streams(provider))[which])
    seen = []

    with pytest.raises(UnavailableError):
        seen.extend([event async for event in provider.open_model(server.url, PATIENT).stream(PROMPT, SETTINGS)])

    assert not any(isinstance(event, Completion) for event in seen)


async def test_an_error_in_the_middle_of_a_stream_is_raised_after_what_was_said(provider, server):
    server.will_reply(Reply([*provider.said("Half an"), provider.failure_within(503)]))
    seen = []

    async def read() -> None:
        async for event in provider.open_model(server.url, PATIENT).stream(PROMPT, SETTINGS):
            seen.append(event)  # noqa: PERF401 - What was seen before the error is the point.

    with pytest.raises(UnavailableError):
        await read()

    assert seen == [TextDelta(text="Half an")]


async def test_an_answer_that_was_whole_before_the_connection_broke_is_whole(provider, server):
    server.will_reply(Reply([part for part in provider.answer("Yes.") if b"DONE" not in part], ending="cut"))

    assert (await stream(provider, server))[-1] == Completion()


async def test_a_provider_that_says_nothing_is_given_up(provider, server):
    server.will_reply(Reply(ending="hang"))

    with pytest.raises(DeadlineExceededError):
        await stream(provider, server, HASTY)

    await asyncio.wait_for(server.client_left.wait(), 10)


async def test_a_provider_that_falls_silent_is_given_up(provider, server):
    server.will_reply(Reply(provider.said("Well"), ending="hang"))

    with pytest.raises(DeadlineExceededError):
        await stream(provider, server, HASTY)

    await asyncio.wait_for(server.client_left.wait(), 10)


async def test_a_provider_that_is_not_there_is_unavailable(provider, server):
    absent = provider.open_model("http://127.0.0.1:9", PATIENT)

    with pytest.raises(UnavailableError):
        await anext(absent.stream(PROMPT, SETTINGS))


async def test_closing_the_stream_early_ends_the_request_to_the_provider(provider, server):
    server.will_reply(Reply(provider.said("One", "Two"), ending="hang"))

    async with aclosing(provider.open_model(server.url, PATIENT).stream(PROMPT, SETTINGS)) as events:
        assert await anext(events) == TextDelta(text="One")

    await asyncio.wait_for(server.client_left.wait(), 10)


async def test_cancelling_the_reader_ends_the_request_to_the_provider(provider, server):
    server.will_reply(Reply(provider.said("One"), ending="hang"))
    reading = asyncio.create_task(stream(provider, server))
    await asyncio.wait_for(server.asked.wait(), 10)

    reading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.wait_for(server.client_left.wait(), 10)


async def test_streams_of_one_client_do_not_disturb_each_other(provider, server):
    texts = [f"answer {number}" for number in range(8)]
    server.will_reply(*(Reply(provider.answer(text, " and more")) for text in texts))
    model = provider.open_model(server.url, PATIENT)

    async def read() -> str:
        return "".join([event.text async for event in model.stream(PROMPT, SETTINGS) if isinstance(event, TextDelta)])

    assert sorted(await asyncio.gather(*(read() for _ in texts))) == [f"{text} and more" for text in texts]


async def test_gemini_names_the_wait_in_the_body(server):
    gemini = PROVIDERS["gemini"]
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12.5s"}
    server.will_reply(gemini.failure(429, details=[{"@type": "type.googleapis.com/google.rpc.Help"}, info]))

    with pytest.raises(ResourceExhaustedError) as raised:
        await stream(gemini, server)

    assert raised.value.retry_after_seconds == 12.5


async def test_a_prompt_that_geminis_filters_block_is_refused(server):
    gemini = PROVIDERS["gemini"]
    server.will_reply(Reply([gemini.event({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})]))

    with pytest.raises(InvalidArgumentError):
        await stream(gemini, server)


async def test_geminis_thoughts_are_not_said(server):
    gemini = PROVIDERS["gemini"]
    server.will_reply(Reply([gemini.chunk([{"text": "Hmm.", "thought": True}, {"text": "Yes."}]), *gemini.answer("!")]))

    assert [event.text for event in (await stream(gemini, server))[:-1]] == ["Yes.", "!"]


async def test_parameters_that_an_openai_model_refuses_are_named_otherwise_or_left_out(server):
    openai = PROVIDERS["openai_compatible"]
    refusals = [
        {"error": {"message": "Unsupported.", "type": "invalid_request_error", "param": name, "code": "unsupported_parameter"}}
        for name in ("max_tokens", "temperature")
    ]
    server.will_reply(*(json_reply(body, 400) for body in refusals), Reply(openai.answer("Yes.")), Reply(openai.answer("Yes.")))
    model = openai.open_model(server.url, PATIENT)

    for _ in range(2):
        events = [event async for event in model.stream(PROMPT, SETTINGS)]
        assert events == [TextDelta(text="Yes."), Completion()]

    assert len(server.requests) == 4
    assert all(request.body["max_completion_tokens"] == 300 for request in server.requests[1:])
    assert all("temperature" not in request.body for request in server.requests[2:])


async def test_a_parameter_that_is_refused_again_is_not_tried_for_ever(server):
    openai = PROVIDERS["openai_compatible"]
    refusal = {"error": {"message": "Wrong.", "type": "invalid_request_error", "param": "temperature", "code": "wrong"}}
    server.answer = lambda _: json_reply(refusal, 400)

    with pytest.raises(InvalidArgumentError):
        await stream(openai, server)

    assert len(server.requests) == 2


async def test_without_credentials_gemini_is_not_configured_rather_than_broken(monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/credentials.json")
    model = GeminiChatModel(gemini_format.SPEC, gemini_client.open_client("demo-synapse", "global", PATIENT), PATIENT)
    with pytest.raises(FailedPreconditionError, match="not configured here") as refused:
        [event async for event in model.stream(PROMPT, SETTINGS)]
    assert refused.value.field == "model"
