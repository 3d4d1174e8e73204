"""What is retrieved: the owner's, live, relevant, ranked, each text once."""

import pytest

from shared.domain.bot import RetrievalSettings
from tests.unit.agent.library import Library, a_bot


async def test_passages_are_numbered_from_one_best_first_with_their_titles() -> None:
    library = Library()
    library.learn("whales", "blue whales eat krill", "whales breathe air", "ships carry freight")
    passages = await library.knowledge.passages("what do blue whales eat", a_bot(), RetrievalSettings(top_k=2))
    assert [(passage.number, passage.chunk.text) for passage in passages] == [
        (1, "blue whales eat krill"),
        (2, "whales breathe air"),
    ]
    assert passages[0].document_title == "whales.pdf"
    assert passages[0].score > passages[1].score
    assert library.embedder.calls == [(("what do blue whales eat",), "query")]


async def test_only_the_live_generation_is_found() -> None:
    library = Library()
    library.learn("doc", "krill was the old answer", generation=1, live=2)
    library.learn("doc", "krill is the new answer", generation=2, live=2)
    assert await library.texts("krill answer") == ["krill is the new answer"]


async def test_a_document_that_is_not_live_yet_or_is_gone_is_not_found() -> None:
    library = Library()
    library.learn("young", "krill in a young document", live=0)
    library.learn("gone", "krill in a deleted document")
    del library.store.documents["gone"]
    assert await library.texts("krill") == []


@pytest.mark.parametrize("owner", [{"owner_id": "bob"}, {"bot_id": "other"}])
async def test_another_owners_or_bots_text_is_not_found(owner: dict[str, str]) -> None:
    library = Library()
    library.learn("theirs", "krill of somebody else", **owner)
    assert await library.texts("krill") == []


async def test_a_chunk_whose_document_belongs_to_another_bot_is_not_found() -> None:
    library = Library()
    library.learn("doc", "krill that was moved")
    stored = library.store.documents["doc"]
    library.store.documents["doc"] = library.store.stamp(stored.value.model_copy(update={"bot_id": "other"}))
    assert await library.texts("krill") == []


async def test_the_search_widens_while_old_generations_crowd_out_the_live_one() -> None:
    library = Library()
    for number in range(60):
        library.learn(f"old{number}", "krill krill", live=2)
    library.learn("live", "krill among many other words of the sea")
    assert await library.texts("krill", top_k=3) == ["krill among many other words of the sea"]


async def test_below_the_least_score_nothing_is_found() -> None:
    library = Library()
    library.learn("doc", "ships carry freight across oceans")
    assert await library.texts("what do whales eat") == []
    assert await library.texts("freight", min_score=0.9) == []


async def test_no_more_than_top_k_are_found() -> None:
    library = Library()
    library.learn("doc", *(f"krill story number {number}" for number in range(30)))
    assert len(await library.texts("krill story", top_k=5)) == 5


async def test_the_same_text_in_two_documents_is_shown_once() -> None:
    library = Library()
    library.learn("one", "Blue whales eat krill.")
    library.learn("two", "blue whales eat KRILL", "krill are small")
    assert len(await library.texts("what do blue whales eat, krill")) == 2


async def test_rows_that_differ_in_a_figure_are_not_the_same_text() -> None:
    library = Library()
    header = " ".join(f"column{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
    library.learn("table", f"{header} revenue 2023", f"{header} revenue 2024")
    assert len(await library.texts("revenue columna columnb columnc", min_score=0.0)) == 2
