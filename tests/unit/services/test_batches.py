"""Chunks are handed on in batches as they come: a few writes at once, the same objects each time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.core.errors import UnavailableError
from shared.domain.chunk import Chunk
from shared.domain.document import FailureCode, RejectedFileError
from shared.domain.step import StageMessage
from shared.services.batches import CHUNKS_A_BATCH, read_chunks, write_chunks
from tests.contracts.records import chunk
from tests.memory.blobs import MemoryBlobs


class SlowBlobs(MemoryBlobs):
    """Writes that take a while; knows how many ran at once at most."""

    running = most = 0

    async def write(self, name: str, content: bytes, content_type: str) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        # Later batches are quicker, so that they overtake.
        await asyncio.sleep(0.001 * (20 - len(self.objects)))
        await super().write(name, content, content_type)
        self.running -= 1


class AbsentBlobs(MemoryBlobs):
    """A bucket that is away."""

    async def write(self, name: str, content: bytes, content_type: str) -> None:
        raise UnavailableError("The bucket is away.")


async def chunks(number: int) -> AsyncIterator[Chunk]:
    for ordinal in range(number):
        yield chunk("document", ordinal)


async def test_every_chunk_is_in_its_batch_though_a_few_are_written_at_once() -> None:
    blobs, number = SlowBlobs(), CHUNKS_A_BATCH * 9 + 1
    assert await write_chunks(blobs, "document", 1, chunks(number)) == (number, 10)
    stored = [await read_chunks(blobs, StageMessage(document_id="document", generation=1, shard=batch)) for batch in range(10)]
    assert [each.ordinal for batch in stored for each in batch] == list(range(number))
    assert {len(batch) for batch in stored[:-1]} == {CHUNKS_A_BATCH}
    assert 1 < blobs.most <= 4


async def test_no_chunks_make_no_batch() -> None:
    blobs = MemoryBlobs()
    assert await write_chunks(blobs, "document", 1, chunks(0)) == (0, 0)
    assert blobs.objects == {}


async def test_a_bucket_that_is_away_is_told_as_itself_and_nothing_more_is_asked_for() -> None:
    taken = []

    async def endless() -> AsyncIterator[Chunk]:
        while True:
            taken.append(1)
            yield chunk("document", len(taken))
            await asyncio.sleep(0)

    with pytest.raises(UnavailableError, match="away"):
        await write_chunks(AbsentBlobs(), "document", 1, endless())
    assert len(taken) < CHUNKS_A_BATCH * 6


async def test_a_text_that_is_refused_midway_is_told_as_itself_and_no_write_is_left_behind() -> None:
    blobs = SlowBlobs()

    async def refused() -> AsyncIterator[Chunk]:
        async for each in chunks(CHUNKS_A_BATCH * 3):
            yield each
        raise RejectedFileError(FailureCode.TOO_LARGE, "Too many passages.")

    with pytest.raises(RejectedFileError, match="Too many"):
        await write_chunks(blobs, "document", 1, refused())
    stored = len(blobs.objects)
    await asyncio.sleep(0.05)
    assert len(blobs.objects) == stored
