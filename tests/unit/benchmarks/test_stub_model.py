"""A stub's name is all that is known of it."""

import pytest

from benchmarks.stub_model import Delays, FixedEmbedder, RememberingIndex, StubChatModels
from shared.core.errors import InvalidArgumentError
from shared.domain.bot import GenerationSettings
from shared.domain.chunk import Passage
from shared.domain.prompt import Completion, Prompt, TextDelta
from tests.contracts import records
from tests.memory.models import MemoryVectorIndex


def test_a_name_says_its_delays() -> None:
    assert Delays.of("stub-first200-gap20-tokens50") == Delays(first_ms=200, gap_ms=20, tokens=50)


def test_delays_say_their_name() -> None:
    assert Delays(5, 0, 1).name == "stub-first5-gap0-tokens1"


@pytest.mark.parametrize(
    "name", ["", "gemini-3.5-flash", "stub-first-1-gap20-tokens50", "stub-first200-gap20-tokens0", "xstub-first1-gap1-tokens1"]
)
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="stub-first200-gap20-tokens50"):
        Delays.of(name)


async def spoken(prompt: Prompt, name: str = "stub-first0-gap0-tokens3") -> tuple[str, int, int]:
    """The text, its pieces, and the tokens that the model counted."""
    events = [event async for event in StubChatModels().get(name).stream(prompt, GenerationSettings())]
    pieces = [event.text for event in events if isinstance(event, TextDelta)]
    [completion] = [event for event in events if isinstance(event, Completion)]
    return "".join(pieces), len(pieces), completion.usage.completion_tokens if completion.usage else 0


async def test_it_says_so_many_tokens() -> None:
    prompt = Prompt(system="", user="Hello", question="Hello", search_query="Hello")
    assert await spoken(prompt) == ("word1 word2 end.", 3, 3)


async def test_it_quotes_whole_words_of_the_first_passage() -> None:
    chunk = records.chunk("d", 0, text="harbour " * 20)
    passage = Passage(number=1, chunk=chunk, document_title="Manual", score=0.9)
    prompt = Prompt(system="", user="Hello", question="Hello", search_query="Hello", passages=(passage,))
    text, pieces, _ = await spoken(prompt)
    assert (text, pieces) == (f"word1 word2 end [[1|{'harbour ' * 6}harbour]].", 3)


async def test_every_text_has_the_one_unit_vector() -> None:
    embedder = FixedEmbedder(3)
    assert await embedder.embed(["a", "b"], "query") == [(1.0, 0.0, 0.0)] * 2


async def test_what_was_found_is_found_again_while_searches_are_delayed() -> None:
    real = MemoryVectorIndex()
    await real.put([records.embedded(records.chunk("d", 0), 1.0, 0.0)])
    remembering = RememberingIndex(real)
    first = await remembering.search((1.0, 0.0), "bot", "owner", 5)
    await real.delete("d", 1)
    remembering.delay_seconds = 1e-9
    again = await remembering.search((1.0, 0.0), "bot", "owner", 5)
    remembering.delay_seconds = 0.0
    assert (len(first), again, await remembering.search((1.0, 0.0), "bot", "owner", 5)) == (1, first, [])
