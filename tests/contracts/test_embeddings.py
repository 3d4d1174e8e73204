"""The embedding cache gives back exactly what was put, for the keys that it has."""

import asyncio

from shared.core.ids import embedding_key
from shared.ports.models import Asked
from tests.contracts.conftest import Stores
from tests.contracts.records import NOW, after


async def test_vectors_come_back_bit_for_bit(stores: Stores) -> None:
    vectors = {
        embedding_key("m", 3, "passage", "a"): (0.1, -1e-300, 1 / 3),
        embedding_key("m", 3, "query", "a"): (0.0, 1.0, -1.0),
    }

    await stores.embeddings.put_many(vectors, "one")

    assert await stores.embeddings.get_many([*vectors, *vectors]) == vectors


async def test_keys_that_are_not_stored_are_left_out(stores: Stores) -> None:
    await stores.embeddings.put_many({"known": (1.0,)}, "one")

    assert await stores.embeddings.get_many(["known", "unknown"]) == {"known": (1.0,)}
    assert await stores.embeddings.get_many([]) == {}


async def test_putting_again_keeps_one(stores: Stores) -> None:
    for _ in range(2):
        await stores.embeddings.put_many({"key": (1.0, 2.0)}, "one")

    assert await stores.embeddings.get_many(["key"]) == {"key": (1.0, 2.0)}


async def test_more_vectors_than_a_commit_takes_are_stored(stores: Stores) -> None:
    vectors = {f"key-{number}": (float(number), 1.0) for number in range(501)}

    await stores.embeddings.put_many(vectors, "one")

    assert await stores.embeddings.get_many(list(vectors)) == vectors


async def test_a_text_that_one_holder_asks_for_is_not_asked_for_by_another(stores: Stores) -> None:
    await stores.embeddings.put_many({"known": (1.0,)}, "one")

    first = await stores.embeddings.ask(["known", "new"], "one", NOW, after(60))
    second = await stores.embeddings.ask(["new", "newer"], "two", NOW, after(90))

    assert first == Asked({"known": (1.0,)}, frozenset({"new"}), paid=frozenset({"known"}))
    assert second == Asked({}, frozenset({"newer"}), after(60))


async def test_a_holder_that_comes_again_and_one_after_the_lease_may_ask(stores: Stores) -> None:
    await stores.embeddings.ask(["new"], "one", NOW, after(60))

    assert (await stores.embeddings.ask(["new"], "one", after(10), after(70))).ours == {"new"}
    assert (await stores.embeddings.ask(["new"], "two", after(69), after(99))).busy_until == after(70)
    assert (await stores.embeddings.ask(["new"], "two", after(70), after(99))).ours == {"new"}


async def test_what_is_asked_for_is_no_vector_until_it_is_stored(stores: Stores) -> None:
    await stores.embeddings.ask(["new"], "one", NOW, after(60))
    assert await stores.embeddings.get_many(["new"]) == {}

    await stores.embeddings.put_many({"new": (1.0, 2.0)}, "one")

    assert await stores.embeddings.ask(["new"], "two", NOW, after(60)) == Asked({"new": (1.0, 2.0)}, frozenset())
    assert (await stores.embeddings.ask(["new"], "one", NOW, after(60))).paid == {"new"}
    assert await stores.embeddings.ask([], "two", NOW, after(60)) == Asked({}, frozenset())


async def test_of_many_that_ask_at_once_each_text_has_one_holder(stores: Stores) -> None:
    texts = [f"text-{number}" for number in range(8)]
    groups = [texts[:5], texts[3:], texts, texts[::2]]

    asked = await asyncio.gather(
        *(stores.embeddings.ask(group, f"holder-{number}", NOW, after(60)) for number, group in enumerate(groups))
    )

    held = [key for one in asked for key in one.ours]
    assert sorted(held) == texts
