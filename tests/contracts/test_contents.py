"""Claims on bytes: of many documents one has them, and only who lost them may be replaced."""

import asyncio

import pytest

from shared.core.errors import ConflictError
from shared.core.ids import new_id
from shared.domain.content import ContentClaim
from tests.contracts.conftest import Stores
from tests.contracts.records import NOW


def claim(document_id: str, **fields: str) -> ContentClaim:
    known = {"id": new_id(), "owner_id": "owner", "bot_id": "bot", "content_hash": "hash"}
    return ContentClaim(document_id=document_id, claimed_at=NOW, **{**known, **fields})


async def test_the_first_claim_stands_and_is_told_to_the_others(stores: Stores) -> None:
    first = claim("a")
    assert (await stores.contents.claim(first)).value == first
    second = first.model_copy(update={"document_id": "b"})
    assert (await stores.contents.claim(second)).value == first
    assert (await stores.contents.claim(first)).value == first


async def test_of_many_claims_at_once_one_stands(stores: Stores) -> None:
    claims = [claim(f"document-{number}", id="same") for number in range(20)]
    stood = await asyncio.gather(*(stores.contents.claim(one) for one in claims))
    assert len({read.value.document_id for read in stood}) == 1


async def test_a_claim_is_taken_over_once(stores: Stores) -> None:
    read = await stores.contents.claim(claim("lost", id="same"))
    heirs = [read.value.model_copy(update={"document_id": heir}) for heir in ("b", "c")]
    results = await asyncio.gather(*(stores.contents.take_over(read, heir) for heir in heirs), return_exceptions=True)
    assert sorted(type(result) for result in results if result is not None) == [ConflictError]
    found = await stores.contents.find("same", "owner")
    assert found == heirs[results.index(None)]
    await stores.contents.take_over(read, found)  # As whoever lost the answer does.


async def test_a_claim_that_is_gone_cannot_be_taken_over(stores: Stores) -> None:
    read = await stores.contents.claim(claim("lost", id="same"))
    assert await stores.contents.give_back("lost") == 1
    with pytest.raises(ConflictError):
        await stores.contents.take_over(read, claim("b", id="same"))


async def test_a_foreign_claim_reads_as_a_missing_one(stores: Stores) -> None:
    made = claim("a")
    await stores.contents.claim(made)
    assert await stores.contents.find(made.id, "owner") == made
    assert await stores.contents.find(made.id, "other") is None
    assert await stores.contents.find("none", "owner") is None


async def test_a_document_gives_back_its_own_claims_alone(stores: Stores) -> None:
    for made in (claim("a", id="one"), claim("a", id="two"), claim("b", id="three")):
        await stores.contents.claim(made)
    assert await stores.contents.give_back("a") == 2
    assert await stores.contents.give_back("a") == 0
    left = [await stores.contents.find(each, "owner") for each in ("one", "two", "three")]
    assert [one.document_id if one else None for one in left] == [None, None, "b"]
