"""Chunks and vectors: what is put is found by its owner in its bot alone, once, and read in order."""

import math

import pytest

from shared.core.errors import InvalidArgumentError
from shared.domain.base import PageRequest
from shared.domain.chunk import Place
from tests.contracts.conftest import Stores
from tests.contracts.records import NAUGHTY, chunk, embedded


async def test_the_nearest_chunks_come_first_with_their_cosine(stores: Stores) -> None:
    near, middle, far = chunk("d", 0), chunk("d", 1), chunk("d", 2)
    await stores.vectors.put([embedded(far, -1.0, 0.0), embedded(middle, 0.6, 0.8), embedded(near, 1.0, 0.0)])

    hits = await stores.vectors.search((1.0, 0.0), "bot", "owner", limit=10)

    assert [hit.chunk for hit in hits] == [near, middle, far]
    assert [hit.score for hit in hits] == pytest.approx([1.0, 0.6, -1.0])


async def test_a_search_returns_no_more_than_its_limit(stores: Stores) -> None:
    await stores.vectors.put([embedded(chunk("d", number), math.cos(number / 9), math.sin(number / 9)) for number in range(5)])

    hits = await stores.vectors.search((1.0, 0.0), "bot", "owner", limit=2)

    assert [hit.chunk.ordinal for hit in hits] == [0, 1]


async def test_a_limit_beyond_the_index_own_is_cut_to_it(stores: Stores) -> None:
    await stores.vectors.put([embedded(chunk("d", 0))])

    assert len(await stores.vectors.search((1.0, 0.0), "bot", "owner", limit=5000)) == 1


async def test_a_search_sees_neither_another_bot_nor_another_owner(stores: Stores) -> None:
    ours = chunk("d", 0)
    theirs = [chunk("e", 0, owner_id="somebody"), chunk("f", 0, bot_id="other")]
    await stores.vectors.put([embedded(one) for one in (ours, *theirs)])

    assert [hit.chunk for hit in await stores.vectors.search((1.0, 0.0), "bot", "owner", 10)] == [ours]
    assert await stores.vectors.search((1.0, 0.0), "bot", "nobody", 10) == []


async def test_all_generations_are_found(stores: Stores) -> None:
    await stores.vectors.put([embedded(chunk("d", 0, generation=1)), embedded(chunk("d", 0, generation=2))])

    hits = await stores.vectors.search((1.0, 0.0), "bot", "owner", 10)

    assert {hit.chunk.generation for hit in hits} == {1, 2}


async def test_vectors_of_another_dimension_are_not_compared(stores: Stores) -> None:
    await stores.vectors.put([embedded(chunk("d", 0), 1.0, 0.0), embedded(chunk("d", 1), 1.0, 0.0, 0.0)])

    hits = await stores.vectors.search((1.0, 0.0), "bot", "owner", 10)

    assert [hit.chunk.ordinal for hit in hits] == [0]


async def test_putting_a_chunk_twice_stores_it_once(stores: Stores) -> None:
    for _ in range(2):
        await stores.vectors.put([embedded(chunk("d", 0)), embedded(chunk("d", 1))])

    assert await stores.chunks.count("d", 1) == 2


async def test_nothing_is_put_without_complaint(stores: Stores) -> None:
    await stores.vectors.put([])

    assert await stores.chunks.count("d", 1) == 0


async def test_more_chunks_than_a_commit_takes_are_put_counted_and_deleted(stores: Stores) -> None:
    await stores.vectors.put([embedded(chunk("d", number)) for number in range(501)])
    await stores.vectors.put([embedded(chunk("d", 0, generation=2)), embedded(chunk("e", 0))])

    assert await stores.chunks.count("d", 1) == 501
    assert await stores.vectors.delete("d", 1) == 501
    assert [await stores.chunks.count(*generation) for generation in (("d", 1), ("d", 2), ("e", 1))] == [0, 1, 1]
    assert await stores.vectors.delete("d", 1) == 0


async def test_chunks_are_listed_in_reading_order_and_walk(stores: Stores) -> None:
    stored = [chunk("d", number) for number in range(12)]
    await stores.vectors.put([embedded(one) for one in reversed(stored)])
    await stores.vectors.put([embedded(chunk("d", 0, generation=2)), embedded(chunk("e", 0))])

    first = await stores.chunks.list("d", 1, "owner", PageRequest(page_size=11))
    second = await stores.chunks.list("d", 1, "owner", PageRequest(page_size=11, cursor=first.next_cursor))

    assert [*first.items, *second.items] == stored
    assert second.next_cursor is None


async def test_another_tenants_chunks_read_as_missing(stores: Stores) -> None:
    theirs = chunk("d", 0, owner_id="somebody")
    await stores.vectors.put([embedded(theirs)])

    assert await stores.chunks.get_many([theirs.id], "owner") == {}
    assert (await stores.chunks.list("d", 1, "owner", PageRequest())).items == ()


async def test_chunks_are_found_by_id_with_text_and_place_byte_for_byte(stores: Stores) -> None:
    stored = [
        chunk("d", number, text=text, place=Place(start=0, end=len(text), headings=(text,)))
        for number, text in enumerate(NAUGHTY)
    ]
    await stores.vectors.put([embedded(one) for one in stored])

    found = await stores.chunks.get_many([*(one.id for one in stored), "absent", "a/b"], "owner")

    assert found == {one.id: one for one in stored}


@pytest.mark.parametrize("cursor", ["nonsense", "WyJhIl0=", "Wy0xXQ==", "W3RydWVd", "WzFlOTld", "WzkwMDcxOTkyNTQ3NDA5OTNd"])
async def test_a_cursor_that_is_not_ours_is_refused_by_field(stores: Stores, cursor: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        await stores.chunks.list("d", 1, "owner", PageRequest(cursor=cursor))

    assert refused.value.field == "cursor"
