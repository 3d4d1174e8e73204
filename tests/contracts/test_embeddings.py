"""The embedding cache gives back exactly what was put, for the keys that it has."""

from shared.core.ids import embedding_key
from tests.contracts.conftest import Stores


async def test_vectors_come_back_bit_for_bit(stores: Stores) -> None:
    vectors = {
        embedding_key("m", 3, "passage", "a"): (0.1, -1e-300, 1 / 3),
        embedding_key("m", 3, "query", "a"): (0.0, 1.0, -1.0),
    }

    await stores.embeddings.put_many(vectors)

    assert await stores.embeddings.get_many([*vectors, *vectors]) == vectors


async def test_keys_that_are_not_stored_are_left_out(stores: Stores) -> None:
    await stores.embeddings.put_many({"known": (1.0,)})

    assert await stores.embeddings.get_many(["known", "unknown"]) == {"known": (1.0,)}
    assert await stores.embeddings.get_many([]) == {}


async def test_putting_again_keeps_one(stores: Stores) -> None:
    for _ in range(2):
        await stores.embeddings.put_many({"key": (1.0, 2.0)})

    assert await stores.embeddings.get_many(["key"]) == {"key": (1.0, 2.0)}


async def test_more_vectors_than_a_commit_takes_are_stored(stores: Stores) -> None:
    vectors = {f"key-{number}": (float(number), 1.0) for number in range(501)}

    await stores.embeddings.put_many(vectors)

    assert await stores.embeddings.get_many(list(vectors)) == vectors
