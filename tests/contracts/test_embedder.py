"""What every embedder promises, the in-memory one included."""

import asyncio
from collections.abc import AsyncIterator
from math import sqrt

import pytest

from shared.adapters.minilm import MiniLmEmbedder
from shared.core.errors import InternalError, InvalidArgumentError, ResourceExhaustedError, UnavailableError
from shared.domain.prompt import EmbedderSpec
from shared.ports.models import Embedder
from tests.memory.chat_models import FakeEmbedder
from tests.wire import gemini_format
from tests.wire.providers import PATIENT
from tests.wire.server import WireServer, json_reply, running

MINILM = EmbedderSpec(name="local-minilm", adapter="minilm", dimension=384, max_tokens=256)
TEXTS = [
    "The harbour of Lima is called Callao.",
    "Bees dance to tell the way.",
    "Ein Satz auf Deutsch.",
    "日本の首都は東京です。",
    "x",
]


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with running() as started:
        started.answer = gemini_format.embed
        yield started


@pytest.fixture(params=["memory", "minilm", "gemini"])
def embedder(request, server) -> Embedder:
    if request.param == "memory":
        return FakeEmbedder()
    return MiniLmEmbedder(MINILM) if request.param == "minilm" else gemini_format.open_embedder(server.url, PATIENT)


def cosine(left: tuple[float, ...], right: tuple[float, ...]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


async def test_a_vector_has_the_registered_dimension_and_unit_length(embedder):
    for vector in await embedder.embed(TEXTS, "passage"):
        assert len(vector) == embedder.spec.dimension
        assert sqrt(sum(value * value for value in vector)) == pytest.approx(1, abs=1e-6)


async def test_vectors_come_in_the_order_of_the_texts_whatever_their_lengths(embedder):
    texts = [*TEXTS, " ".join(TEXTS), "A last short one."] * 3

    together = await embedder.embed(texts, "passage")
    alone = [(await embedder.embed([text], "passage"))[0] for text in texts[:7]]

    assert all(cosine(a, b) > 0.999 for a, b in zip(together, alone * 3, strict=True))


async def test_no_texts_give_no_vectors(embedder):
    assert await embedder.embed([], "passage") == []


async def test_a_question_is_nearer_to_its_answer_than_to_another_text(embedder):
    [question] = await embedder.embed(["What is the harbour of Lima called?"], "query")
    answer, other, *_ = await embedder.embed(TEXTS, "passage")

    assert cosine(question, answer) > cosine(question, other) + 0.2


async def test_callers_at_once_get_their_own_vectors(embedder):
    alone = await embedder.embed(TEXTS, "passage")

    answers = await asyncio.gather(*(embedder.embed([text], "passage") for text in TEXTS))

    assert all(cosine(one, expected) > 0.999 for [one], expected in zip(answers, alone, strict=True))


@pytest.mark.parametrize("embedder", ["memory", "minilm"], indirect=True)
async def test_text_beyond_the_longest_is_cut(embedder):
    words = "tide and current " * embedder.spec.max_tokens
    whole, cut = await embedder.embed([words + "bees honey", words + "lima harbour"], "passage")

    assert whole == cut


async def test_minilm_takes_texts_that_are_empty_or_broken():
    vectors = await MiniLmEmbedder(MINILM).embed(["", "\ud800 half a character", "\x00", "a" * 20000], "passage")

    assert [len(vector) for vector in vectors] == [384] * 4


async def test_minilm_leaves_the_event_loop_free():
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await MiniLmEmbedder(MINILM).embed(TEXTS * 4, "passage")
    ticking.cancel()

    assert ticks > 10


async def test_gemini_is_asked_for_one_text_a_request_with_its_task_and_dimension(server):
    gemini = gemini_format.open_embedder(server.url, PATIENT)

    await gemini.embed(["first", "second"], "passage")
    await gemini.embed(["third"], "query")

    asked = [request.body["embedContentConfig"] for request in server.requests]
    assert [part["taskType"] for part in asked] == ["RETRIEVAL_DOCUMENT", "RETRIEVAL_DOCUMENT", "RETRIEVAL_QUERY"]
    assert all(part["outputDimensionality"] == 32 and part["autoTruncate"] for part in asked)
    assert {request.body["content"]["parts"][0]["text"] for request in server.requests} == {"first", "second", "third"}


@pytest.mark.parametrize("values", [[0.5] * 31, [0.0] * 32, []])
async def test_gemini_vectors_of_another_shape_are_a_defect_and_never_stored(server, values):
    server.answer = lambda _: json_reply({"embedding": {"values": values}})

    with pytest.raises(InternalError):
        await gemini_format.open_embedder(server.url, PATIENT).embed(["text"], "passage")


@pytest.mark.parametrize(
    ("status", "error"), [(429, ResourceExhaustedError), (503, UnavailableError), (400, InvalidArgumentError)]
)
async def test_geminis_refusal_of_one_of_many_texts_is_the_ports_error(server, status, error):
    def answer(request):
        refused = request.body["content"]["parts"][0]["text"] == "three"
        return gemini_format.failure(status, {"Retry-After": "4"}) if refused else gemini_format.embed(request)

    server.answer = answer

    with pytest.raises(error):
        await gemini_format.open_embedder(server.url, PATIENT).embed(["one", "two", "three", "four"], "passage")
