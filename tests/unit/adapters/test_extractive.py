from datetime import UTC, datetime

import pytest

from shared.adapters.extractive import HEADING, NOT_FOUND, QUOTES_ONLY, ExtractiveChatModel
from shared.agent.citations import Cited, MarkerParser, NothingFound
from shared.core.errors import UnavailableError
from shared.domain.bot import GenerationSettings
from shared.domain.chunk import Chunk, Passage, Place
from shared.domain.prompt import Completion, ModelSpec, Prompt, TextDelta
from tests.memory.chat_models import FakeEmbedder

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = ModelSpec(name="local-extractive", adapter="extractive", context_tokens=8192)
DUCKS = "Feeding\n\nDucks eat grasses, fish, insects\nand worms. They swim well. A duck sleeps at night.[3]"
BEES = "Bees dance to tell the way. Honey keeps for years."


def passage(number: int, text: str) -> Passage:
    place = Place(start=0, end=len(text))
    chunk = Chunk(
        id=f"d-1-{number}",
        document_id="d",
        generation=1,
        ordinal=number,
        owner_id="o",
        bot_id="b",
        text=text,
        place=place,
        created_at=NOW,
    )
    return Passage(number=number, chunk=chunk, document_title="Animals", score=0.5)


async def pieces(question: str, *texts: str, max_tokens: int = 1024, embedder: FakeEmbedder | None = None) -> list[str]:
    passages = tuple(passage(number, text) for number, text in enumerate(texts, start=1))
    prompt = Prompt(system="", user=question, question=question, search_query=question, passages=passages)
    model = ExtractiveChatModel(SPEC, embedder or FakeEmbedder())
    events = [event async for event in model.stream(prompt, GenerationSettings(max_output_tokens=max_tokens))]
    assert isinstance(events[-1], Completion)
    return [event.text for event in events if isinstance(event, TextDelta)]


def read(said: list[str]) -> list[str | Cited | NothingFound]:
    parser = MarkerParser()
    return [*(part for piece in said for part in parser.feed(piece)), *parser.close()]


async def test_the_best_sentence_is_quoted_exactly_and_cited_by_its_passages_number():
    said = await pieces("What do ducks eat?", BEES, DUCKS)

    [citation] = [part for part in read(said) if isinstance(part, Cited)]
    assert citation == Cited(2, "Feeding\n\nDucks eat grasses, fish, insects\nand worms.")
    assert said[0] == HEADING
    assert said[1] == "\n- Feeding: Ducks eat grasses, fish, insects and worms. "


async def test_what_is_about_something_else_is_not_quoted():
    assert await pieces("How fast can a cheetah run?", BEES, DUCKS) == [NOT_FOUND]
    assert read([NOT_FOUND]) == [NothingFound()]


async def test_passages_without_sentences_hold_no_answer():
    assert await pieces("What do ducks eat?", "", " \n ", "...") == [NOT_FOUND]


async def test_without_passages_it_says_that_it_can_only_quote():
    assert await pieces("Tell me a joke.") == [QUOTES_ONLY]


async def test_the_same_sentence_of_overlapping_passages_is_quoted_once():
    said = await pieces("What do ducks eat?", DUCKS, "Intro.\n\n" + DUCKS)

    assert sum("worms" in piece for piece in said if piece.startswith("\n-")) == 1


async def test_a_title_that_repeats_the_question_is_no_answer():
    said = await pieces("Ducks' eating habits", "Ducks eating habits\n\n", "Ducks eating habits . . . . . 14")

    assert said == [NOT_FOUND]


async def test_a_question_in_the_text_brings_its_answer_along():
    said = await pieces("Can I return shoes?", "Can I return shoes? Within a week, unworn. May I swap hats? Never on a Sunday.")

    assert [part.quote for part in read(said) if isinstance(part, Cited)] == ["Can I return shoes? Within a week, unworn."]


async def test_sentences_nearly_as_good_are_quoted_too_but_never_more_than_three():
    text = " ".join(f"Ducks eat {food}." for food in ("grass", "fish", "worms", "snails", "bread"))

    said = await pieces("What do ducks eat?", text)

    assert len([part for part in read(said) if isinstance(part, Cited)]) == 3


async def test_the_answer_keeps_within_its_tokens_but_is_never_empty():
    text = " ".join(f"Ducks eat {food}." for food in ("grass", "fish", "worms"))

    said = await pieces("What do ducks eat?", text, max_tokens=16)

    assert len([part for part in read(said) if isinstance(part, Cited)]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Ducks eat [[bread]] and grass in the ponds of the city park.",
        "Ducks eat bread [12], grass [3]",
        "Ducks eat ]] | bread and grass and many other things besides these.",
        "Ducks eat bread and grass; " * 50,
        "アヒルはパンを食べる。 Ducks eat old bread 🦆.",
    ],
)
async def test_every_marker_is_read_back_and_every_quote_stands_in_its_passage(text):
    parts = read(await pieces("Ducks eat bread?", text))

    cited = [part for part in parts if isinstance(part, Cited)]
    shown = "".join(part for part in parts if isinstance(part, str))
    assert cited
    assert all(part.quote and part.quote in text for part in cited)
    assert "[[" not in shown
    assert "]]" not in shown


async def test_the_same_question_gets_the_same_answer():
    assert await pieces("What do ducks eat?", DUCKS, BEES) == await pieces("What do ducks eat?", DUCKS, BEES)


async def test_an_embedder_that_is_away_is_the_models_failure():
    with pytest.raises(UnavailableError):
        await pieces("What do ducks eat?", DUCKS, embedder=FakeEmbedder(errors=[UnavailableError("Away.")]))


async def test_a_line_of_a_contents_page_is_no_answer():
    contents = "3.1 What ducks eat in winter. . . . . . . . . . . . . . 14\n3.2 Where bees sleep . . . . . . . . . 15"
    [citation] = [part for part in read(await pieces("What do ducks eat?", contents, DUCKS)) if isinstance(part, Cited)]
    assert citation.number == 2
