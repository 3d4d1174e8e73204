"""The same two tenants with all that they own in Firestore, behind the real adapters; only a project's whole content is proof."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, get_type_hints

import pytest
from google.cloud.firestore import AsyncClient

from shared.core.ids import new_id
from shared.runtime.wiring import bound
from shared.services.ceiling import DailyCeiling
from tests.contracts.conftest import Stores, in_firestore
from tests.functional.people import NOW, SETTINGS
from tests.isolation import checks, seeding
from tests.isolation.cases import Foreign, Paged, Refused, Unnamed, foreign, paged, refused, unnamed
from tests.isolation.checks import Opened, named
from tests.isolation.tenants import Tenants
from tests.memory.store import MemoryStore


class StoredTenants(Tenants):
    """Tenants whose store is Firestore; blobs, queue, models and whoever says who calls stay in memory."""

    def __init__(self, client: AsyncClient) -> None:
        super().__init__()
        self._client = client

    async def lay_out(self) -> None:
        """The project's documents are set right, and nothing is left in memory that a function could find there instead."""
        await seeding.seed(self._client, self.store)
        vars(self.store).clear()

    async def everything(self) -> dict[str, Any]:
        """What is in memory besides, and every document."""
        return {**await super().everything(), **await seeding.everything(self._client)}

    @contextmanager
    def running(self) -> Iterator["StoredTenants"]:
        """Within the block every function works on Firestore."""
        stores = in_firestore(self._client)
        ports: dict[Any, Any] = {port: getattr(stores, name) for name, port in get_type_hints(Stores).items()}
        ports[DailyCeiling] = DailyCeiling(stores.ceiling, SETTINGS.daily_token_ceiling, lambda: NOW)
        with super().running(), bound(ports):
            yield self


@pytest.fixture(scope="module")
def project(emulators: object) -> str:
    """One for all cases: what a case has changed is set right before the next."""
    return f"demo-{new_id()}"


@pytest.fixture
async def client(project: str) -> AsyncIterator[AsyncClient]:
    client = AsyncClient(project=project)
    yield client
    await client._firestore_api.transport.close()


@pytest.fixture
def opened(client: AsyncClient) -> Opened:
    return partial(StoredTenants, client)


async def test_every_document_tells_whose_it_is(client: AsyncClient) -> None:
    await seeding.seed(client, Tenants().store)
    documents = {name: str(kept) for name, kept in (await seeding.everything(client)).items()}
    assert len(documents) == sum(len(kept) for kept in vars(Tenants().store).values() if isinstance(kept, dict))
    # A dead letter is nobody's: administrators alone are shown it.
    owned = {name: text for name, text in documents.items() if "/dead_letters/" not in name}
    assert [name for name, text in owned.items() if ("alice" in text) == ("bob" in text)] == []


async def test_a_change_is_seen_and_set_right_and_nothing_else_is_written(client: AsyncClient) -> None:
    await seeding.seed(client, Tenants().store)
    before = await seeding.everything(client)
    await seeding.seed(client, Tenants().store)
    assert await seeding.everything(client) == before
    for path in ("bots/bot", "conversations/thread/turns/new"):
        await client.document(path).set({"owner_id": "bob"})
    changed = await seeding.everything(client)
    assert len(changed) == len(before) + 1
    await seeding.seed(client, Tenants().store)
    after = await seeding.everything(client)
    assert {name for name in before if after[name] != before[name]} == {name for name in before if name.endswith("/bots/bot")}
    assert {name: kept.fields for name, kept in after.items()} == {name: kept.fields for name, kept in before.items()}


async def test_what_has_no_place_in_firestore_is_not_passed_over(client: AsyncClient) -> None:
    with pytest.raises(KeyError, match="holds"):
        await seeding.seed(client, MemoryStore(holds={"gemini": NOW}))


@pytest.mark.parametrize("case", list(refused()), ids=named)
async def test_who_may_not_call_is_refused_and_nothing_is_counted(case: Refused, opened: Opened) -> None:
    assert await checks.refused_without_a_trace(case, opened) == checks.refusal_of(case.stranger)


@pytest.mark.parametrize("case", list(foreign()), ids=named)
async def test_anothers_id_answers_as_a_missing_one_and_changes_nothing(case: Foreign, opened: Opened) -> None:
    served = await checks.with_own_id_after_anothers(case, opened)
    assert served.status < 400, served


@pytest.mark.parametrize("case", list(unnamed()), ids=named)
async def test_what_names_nothing_shows_and_changes_nothing_of_anothers(case: Unnamed, opened: Opened) -> None:
    answered = await checks.of_ones_own(case, opened)
    assert answered.status < 400, answered


@pytest.mark.parametrize("case", list(paged()), ids=named)
async def test_anothers_cursor_shows_the_callers_own_alone(case: Paged, opened: Opened) -> None:
    shown, own = await checks.items_behind_anothers_cursor(case, opened)
    assert shown
    assert [item for item in shown if item not in own] == []
