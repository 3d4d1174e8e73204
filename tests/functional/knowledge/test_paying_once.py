"""A text that another holder asks the model for is waited for, and left to the sweep where that one does not come to an end."""

from datetime import timedelta

import pytest

from functions.embed_chunks.pay_once import LOOKS, PAUSE_SECONDS, PayOnce
from shared.core.errors import ResourceExhaustedError
from shared.core.ids import embedding_key
from shared.ports.pause import Pause
from tests.functional.knowledge.world import START
from tests.memory.chat_models import FakeEmbedder, vector_of
from tests.memory.ledger import MemoryHolds
from tests.memory.models import MemoryEmbeddingCache
from tests.memory.store import MemoryStore

LEASE = timedelta(seconds=60)


class Counter:
    """A store in which another holder asks for one text, and a pause that remembers itself."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.embedder = FakeEmbedder()
        self.paused: list[float] = []

    def key(self, text: str) -> str:
        return embedding_key(self.embedder.spec.name, self.embedder.spec.dimension, "passage", text)

    def pay_once(self, pause: Pause) -> PayOnce:
        cache, holds = MemoryEmbeddingCache(self.store), MemoryHolds(self.store)
        return PayOnce(self.embedder, cache, holds, lambda: START, pause, LEASE.total_seconds())


@pytest.fixture
def counter() -> Counter:
    made = Counter()
    made.store.asked[made.key("krill")] = ("another", START + LEASE)
    return made


async def test_anothers_vector_is_waited_for_and_not_paid_for_again(counter: Counter) -> None:
    vector = vector_of("krill", counter.embedder.spec.dimension)

    async def pause(seconds: float) -> None:
        counter.paused.append(seconds)
        if len(counter.paused) > 1:
            counter.store.embeddings[counter.key("krill")] = vector

    vectors, paid = await counter.pay_once(pause).embed(["krill", "whale"], "one")

    assert (vectors[0], paid, counter.embedder.embedded) == (vector, ["whale"], ["whale"])
    assert counter.paused == [PAUSE_SECONDS, PAUSE_SECONDS]


async def test_one_that_comes_to_no_end_is_left_until_its_lease_ends_and_the_rest_is_bought(counter: Counter) -> None:
    async def pause(seconds: float) -> None:
        counter.paused.append(seconds)

    with pytest.raises(ResourceExhaustedError) as waits:
        await counter.pay_once(pause).embed(["krill", "whale"], "one")

    assert waits.value.retry_after_seconds == LEASE.total_seconds()
    assert (len(counter.paused), counter.embedder.embedded) == (LOOKS - 1, ["whale"])
    assert counter.key("whale") in counter.store.embeddings


async def test_the_text_of_one_that_died_is_bought_once_its_lease_has_ended(counter: Counter) -> None:
    async def pause(_: float) -> None:
        counter.store.asked[counter.key("krill")] = ("another", START)

    _, paid = await counter.pay_once(pause).embed(["krill"], "one")

    assert (paid, counter.embedder.embedded) == (["krill"], ["krill"])


async def test_what_a_try_paid_for_before_it_failed_is_told_by_the_next_one(counter: Counter) -> None:
    async def pause(_: float) -> None:
        pass

    pay_once = counter.pay_once(pause)
    with pytest.raises(ResourceExhaustedError):
        await pay_once.embed(["krill", "whale"], "one")
    counter.store.asked.clear()
    _, paid = await pay_once.embed(["krill", "whale"], "one")

    assert (sorted(paid), sorted(counter.embedder.embedded)) == (["krill", "whale"], ["krill", "whale"])
    assert (await pay_once.embed(["krill", "whale"], "another"))[1] == []
