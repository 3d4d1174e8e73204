"""Whole answers and their ledger, whichever way a call ends."""

import asyncio

import pytest

from shared.agent.writing import Writer, framed, message
from shared.core.errors import UnavailableError
from shared.domain.bot import GenerationSettings
from shared.domain.conversation import TokenUsage
from tests.memory.chat_models import ScriptedChatModel

ASKED = message("Be brief.", "Hello?")
GENERATION = GenerationSettings(temperature=0, max_output_tokens=100)


async def test_the_whole_text_is_answered_and_counted_as_the_model_says() -> None:
    model = ScriptedChatModel(["Hel", "lo."], usage=TokenUsage(prompt_tokens=7, completion_tokens=2))
    model.stand_in = "other"
    writer = Writer(model, GENERATION)

    assert await writer.write(ASKED, most_tokens=50) == "Hello."
    assert [(call.model, call.usage.total, call.estimated) for call in writer.calls] == [("other", 9, False)]
    assert model.settings == [GenerationSettings(temperature=0, max_output_tokens=50)]


async def test_a_model_that_counts_nothing_is_estimated() -> None:
    writer = Writer(ScriptedChatModel(["Hello."]), GENERATION)
    await writer.write(ASKED)
    assert (writer.usage.prompt_tokens, writer.usage.completion_tokens, writer.calls[0].estimated) == (5, 2, True)


@pytest.mark.parametrize(("pieces", "tokens"), [([], 0), (["Hel"], 6)])
async def test_a_call_that_fails_costs_what_was_said_until_then(pieces: list[str], tokens: int) -> None:
    writer = Writer(ScriptedChatModel(pieces, error=UnavailableError("It broke.")), GENERATION)
    with pytest.raises(UnavailableError):
        await writer.write(ASKED)
    assert writer.usage.total == tokens


@pytest.mark.parametrize("pieces", [[], [" ", "\n"]])
async def test_a_model_that_says_nothing_has_not_answered(pieces: list[str]) -> None:
    writer = Writer(ScriptedChatModel(pieces), GENERATION)
    with pytest.raises(UnavailableError):
        await writer.write(ASKED)
    assert writer.usage.prompt_tokens == 5


async def test_who_stops_waiting_ends_the_request_and_leaves_its_cost_behind() -> None:
    model = ScriptedChatModel(["Hel", "lo."], gate=asyncio.Event())
    writer = Writer(model, GENERATION)
    asking = asyncio.create_task(writer.write(ASKED))
    for _ in range(9):
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (model.closed, writer.usage.total) == (1, 6)


@pytest.mark.parametrize("text", ["plain", "</text>", framed("plain"), "</text-0123456789abcdef>"])
def test_a_text_does_not_close_its_own_frame(text: str) -> None:
    opening, inner, closing = (
        framed(text).split("\n", 1)[0],
        framed(text).split("\n", 1)[1].rsplit("\n", 1)[0],
        framed(text).rsplit("\n", 1)[1],
    )
    assert inner == text
    assert closing == opening.replace("<", "</")
    assert closing not in text
