"""Firestore clients that look at, or spoil, what goes over the wire: one counts documents, others lose or repeat commits."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import ServiceUnavailable
from google.cloud.firestore import AsyncClient


@dataclass
class Operations:
    """Documents read and written as Firestore bills them; those that a vector search returns are counted apart."""

    reads: int = 0
    writes: int = 0
    searches: int = 0
    searched: int = 0


class CountingClient(AsyncClient):
    """A client whose `operations` grow with each call; a missing document counts as a read, as on the bill."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.operations = Operations()

    @property
    def _firestore_api(self) -> Any:
        return _CountingApi(super()._firestore_api, self.operations)


class _CountingApi:
    def __init__(self, api: Any, operations: Operations) -> None:
        self._api = api
        self._operations = operations

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    async def batch_get_documents(self, **call: Any) -> AsyncIterable[Any]:
        return self._watched(await self._api.batch_get_documents(**call), self._count_get)

    async def run_query(self, **call: Any) -> AsyncIterable[Any]:
        is_search = bool(call["request"]["structured_query"].find_nearest.limit)
        self._operations.searches += is_search
        return self._watched(await self._api.run_query(**call), self._count_hit if is_search else self._count_read)

    async def run_aggregation_query(self, **call: Any) -> AsyncIterable[Any]:
        self._operations.reads += 1
        return await self._api.run_aggregation_query(**call)

    async def commit(self, **call: Any) -> Any:
        self._operations.writes += len(call["request"]["writes"])
        return await self._api.commit(**call)

    async def _watched(self, responses: AsyncIterable[Any], count: Callable[[Any], None]) -> AsyncIterator[Any]:
        async for response in responses:
            count(response)
            yield response

    def _count_get(self, response: Any) -> None:
        self._operations.reads += "found" in response or "missing" in response

    def _count_read(self, response: Any) -> None:
        self._operations.reads += "document" in response

    def _count_hit(self, response: Any) -> None:
        self._operations.searched += "document" in response


class SilentClient(AsyncClient):
    """A client that loses the answers of its next `losses` commits, before or after Firestore has applied them."""

    def __init__(self, *, losses: int, applied: bool, **options: Any) -> None:
        super().__init__(**options)
        self._losses = losses
        self._applied = applied

    @property
    def _firestore_api(self) -> Any:
        return _SilentApi(super()._firestore_api, self)

    async def commit(self, call: Callable[[], Any]) -> Any:
        """Pass the call on, or lose it."""
        if self._losses == 0:
            return await call()
        self._losses -= 1
        if self._applied:
            await call()
        raise ServiceUnavailable("The answer was lost.")


class _SilentApi:
    def __init__(self, api: Any, client: SilentClient) -> None:
        self._api = api
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    async def commit(self, **call: Any) -> Any:
        return await self._client.commit(lambda: self._api.commit(**call))


class RepeatingClient(AsyncClient):
    """A client whose every commit is sent twice, as the library does where the first answer was lost."""

    @property
    def _firestore_api(self) -> Any:
        return _RepeatingApi(super()._firestore_api)


class _RepeatingApi:
    def __init__(self, api: Any) -> None:
        self._api = api

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    async def commit(self, **call: Any) -> Any:
        await self._api.commit(**call)
        return await self._api.commit(**call)
