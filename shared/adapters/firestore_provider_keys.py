"""Sealed provider keys in Firestore: `provider_keys/{id derived from owner and key_id}`, each counted in its owner's stock."""

from contextlib import suppress

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.firestore import AsyncClient, AsyncDocumentReference

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import fields, if_unchanged, loaded, page_by_time, reference
from shared.adapters.firestore_stock import count, create_counted
from shared.adapters.google_errors import translated
from shared.core.errors import ConflictError
from shared.domain.base import Page, PageRequest
from shared.domain.plan import Stock
from shared.domain.provider_key import ProviderKey, Sealed, provider_key_id

_TRIES = 5
_ONE = Stock(provider_keys=1)


class FirestoreProviderKeys:
    """The id is derived, so a foreign key is never even looked at."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def save(self, key: ProviderKey, limits: Stock) -> ProviderKey:
        """As the port says: a read, then one write for a known key and two for a new one."""
        for _ in range(_TRIES):
            try:
                stored = loaded(ProviderKey, await self._place(key.id).get())
                if stored is None:
                    await create_counted(self._client, key.owner_id, {self._place(key.id): key}, _ONE, limits)
                    return key
                kept = key.model_copy(update={"created_at": stored.created_at})
                # An update is refused where there is no document, so that a key that was deleted meanwhile is counted anew.
                await self._place(key.id).update(fields(kept))
            except (AlreadyExists, NotFound):
                continue
            return kept
        raise ConflictError("The key is being saved and deleted at the same time; try again.")

    @translated
    async def get(self, key_id: str, owner_id: str) -> ProviderKey | None:
        """As the port says: one read."""
        return loaded(ProviderKey, await self._place(provider_key_id(owner_id, key_id)).get())

    @translated
    async def list(self, owner_id: str, page: PageRequest) -> Page[ProviderKey]:
        """As the port says: a read a key, and one more."""
        return await page_by_time(queries.provider_keys(self._client, owner_id), "created_at", page, ProviderKey)

    @translated
    async def reseal(self, read: ProviderKey, sealed: Sealed) -> None:
        """As the port says: a read and a write."""
        snapshot = await self._place(read.id).get()
        if loaded(ProviderKey, snapshot) != read:
            return
        unchanged = if_unchanged(self._client, snapshot.update_time)
        with suppress(FailedPrecondition, NotFound):
            await self._place(read.id).update({"sealed": sealed.model_dump()}, option=unchanged)

    @translated
    async def delete(self, key_id: str, owner_id: str) -> bool:
        """As the port says: a read and two writes."""
        place = self._place(provider_key_id(owner_id, key_id))
        if not (await place.get()).exists:
            return False
        batch = self._client.batch()
        # The precondition keeps a commit that the library repeats from counting twice.
        batch.delete(place, option=self._client.write_option(exists=True))
        count(self._client, batch, owner_id, _ONE, -1)
        # Where it is gone by now, another call has removed it, or a first try of this commit, whose answer was lost.
        with suppress(NotFound):
            await batch.commit()
        return True

    def _place(self, document_id: str) -> AsyncDocumentReference:
        return reference(self._client, "provider_keys", document_id)
