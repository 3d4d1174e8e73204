"""Own prompts and personas whose commits are sent twice, as the library does where the first answer was lost."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from google.cloud.firestore import AsyncClient

from shared.adapters.firestore_prompts import FirestorePersonas, FirestorePrompts
from shared.core.errors import ConflictError, ResourceExhaustedError
from shared.domain.plan import Stock
from tests.contracts.records import PLENTY, own_persona, saved_prompt
from tests.memory.counting import RepeatingClient


@pytest.fixture
async def repeating(fresh_project: str) -> AsyncIterator[RepeatingClient]:
    client = RepeatingClient(project=fresh_project)
    yield client
    await client._firestore_api.transport.close()


async def _stock(client: RepeatingClient) -> tuple[int, int]:
    held = (await client.document("usage", "owner").get()).to_dict() or {}
    return held.get("prompts", 0), held.get("personas", 0)


async def test_what_is_saved_changed_and_deleted_twice_is_so_once(repeating: RepeatingClient) -> None:
    prompts, personas = FirestorePrompts(repeating), FirestorePersonas(repeating)
    prompt, persona = saved_prompt(), own_persona()
    changed, other = prompt.model_copy(update={"version": 2}), persona.model_copy(update={"version": 2})

    for one in (prompt, changed):
        await prompts.save(one, Stock(prompts=1))
    for saved in (persona, other):
        await personas.save(saved, Stock(personas=1))
    assert (await prompts.get("greeting", "owner"), await personas.get("pirate", "owner")) == (changed, other)
    assert await _stock(repeating) == (1, 1)

    await prompts.delete("greeting", "owner")
    await personas.delete("pirate", "owner")
    assert (await prompts.get("greeting", "owner"), await personas.get("pirate", "owner")) == (None, None)
    assert await _stock(repeating) == (0, 0)


async def test_what_is_refused_twice_is_undone_once(repeating: RepeatingClient) -> None:
    prompts = FirestorePrompts(repeating)
    await prompts.save(saved_prompt(), PLENTY)

    with pytest.raises(ResourceExhaustedError):
        await prompts.save(saved_prompt(prompt_id="another"), Stock(prompts=1))

    assert await _stock(repeating) == (1, 0)


class InterferingClient(AsyncClient):
    """A client in whose first deletion of a version another saves the next."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    @property
    def _firestore_api(self) -> Any:
        return _InterferingApi(super()._firestore_api, self)


class _InterferingApi:
    def __init__(self, api: Any, client: InterferingClient) -> None:
        self._api = api
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    async def commit(self, **call: Any) -> Any:
        if self._client.meanwhile:
            act, self._client.meanwhile = self._client.meanwhile, None
            await act()
        return await self._api.commit(**call)


async def test_a_prompt_that_is_saved_while_it_is_deleted_stands_as_it_was_saved(fresh_project: str) -> None:
    client = InterferingClient(project=fresh_project)
    prompts, first = FirestorePrompts(client), saved_prompt()
    second = first.model_copy(update={"version": 2})
    await prompts.save(first, PLENTY)

    client.meanwhile = lambda: prompts.save(second, PLENTY)
    with pytest.raises(ConflictError):
        await prompts.delete("greeting", "owner")

    assert await prompts.get("greeting", "owner") == second
    await prompts.delete("greeting", "owner")
    assert [await prompts.get("greeting", "owner", number) for number in (None, 1, 2)] == [None, None, None]
    await client._firestore_api.transport.close()
