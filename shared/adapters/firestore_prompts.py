"""Own prompts, own personas and kept answers in Firestore: heads that change under a precondition, versions that never do."""

from collections.abc import Mapping
from datetime import datetime

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.firestore import AsyncClient, AsyncDocumentReference, AsyncQuery, AsyncWriteBatch

from shared.adapters import firestore_queries as queries
from shared.adapters.firestore_client import fields, if_unchanged, loaded, page_by_time, reference, stands
from shared.adapters.firestore_stock import count, create_counted
from shared.adapters.google_errors import translated
from shared.core.errors import ConflictError
from shared.domain.base import Page, PageRequest
from shared.domain.own_persona import OwnPersona, persona_key
from shared.domain.plan import Stock
from shared.domain.template import PromptRun, SavedPrompt, prompt_key

_PERSONA = Stock(personas=1)
_PROMPT = Stock(prompts=1)
# What one commit may hold.
_DELETED_AT_ONCE = 400


class FirestorePersonas:
    """`personas/{key of owner and id}`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def get(self, persona_id: str, owner_id: str) -> OwnPersona | None:
        """As the port says: one read."""
        return loaded(OwnPersona, await self._place(persona_id, owner_id).get())

    @translated
    async def save(self, persona: OwnPersona, limits: Stock) -> None:
        """As the port says: two writes for a new one, else one read and one write."""
        place = self._place(persona.persona_id, persona.owner_id)
        await _save(self._client, place, {place: persona}, _PERSONA, limits)

    @translated
    async def delete(self, persona_id: str, owner_id: str) -> None:
        """As the port says: two writes."""
        batch = self._client.batch()
        # The precondition keeps a repeated commit from counting twice.
        batch.delete(self._place(persona_id, owner_id), option=self._client.write_option(exists=True))
        await _delete_counted(self._client, batch, owner_id, _PERSONA)

    @translated
    async def list(self, owner_id: str, page: PageRequest) -> Page[OwnPersona]:
        """As the port says: a read a persona, and one more."""
        return await page_by_time(queries.personas(self._client, owner_id), "created_at", page, OwnPersona)

    def _place(self, persona_id: str, owner_id: str) -> AsyncDocumentReference:
        return reference(self._client, "personas", persona_key(owner_id, persona_id))


class FirestorePrompts:
    """`prompts/{key of owner and id}`, with `versions/{number}` under each."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def get(self, prompt_id: str, owner_id: str, version: int | None = None) -> SavedPrompt | None:
        """As the port says: one read."""
        older = () if version is None else ("versions", str(version))
        return loaded(SavedPrompt, await self._place(prompt_id, owner_id, *older).get())

    @translated
    async def save(self, prompt: SavedPrompt, limits: Stock) -> None:
        """As the port says: three writes for a new one, else one read and two writes."""
        place = self._place(prompt.prompt_id, prompt.owner_id)
        version = self._place(prompt.prompt_id, prompt.owner_id, "versions", str(prompt.version))
        await _save(self._client, place, {place: prompt, version: prompt}, _PROMPT, limits)

    @translated
    async def delete(self, prompt_id: str, owner_id: str) -> None:
        """As the port says: one read, a read and a delete a version, and two writes."""
        place = self._place(prompt_id, owner_id)
        snapshot = await place.get()
        if not snapshot.exists:
            return
        await _delete_all(self._client, queries.versions_of_prompt(self._client, place.id))
        batch = self._client.batch()
        # Of the head as it was read, since a version that was saved meanwhile would stay behind without one.
        batch.delete(place, option=if_unchanged(self._client, snapshot.update_time))
        try:
            await _delete_counted(self._client, batch, owner_id, _PROMPT)
        except FailedPrecondition as error:
            # The library repeats a commit whose answer was lost, and the repetition meets no head.
            if (await place.get()).exists:
                raise ConflictError("The prompt was saved anew while it was deleted; delete it again.") from error

    @translated
    async def list(self, owner_id: str, page: PageRequest) -> Page[SavedPrompt]:
        """As the port says: a read a prompt, and one more."""
        return await page_by_time(queries.prompts(self._client, owner_id), "created_at", page, SavedPrompt)

    def _place(self, prompt_id: str, owner_id: str, *beneath: str) -> AsyncDocumentReference:
        return reference(self._client, "prompts", prompt_key(owner_id, prompt_id), *beneath)


class FirestorePromptRuns:
    """`prompt_runs/{digest}`, which Firestore itself removes after `expire_at`, if late."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    @translated
    async def get(self, run_id: str, owner_id: str, now: datetime) -> PromptRun | None:
        """As the port says: one read."""
        run = loaded(PromptRun, await reference(self._client, "prompt_runs", run_id).get())
        return run if run and run.owner_id == owner_id and now < run.expire_at else None

    @translated
    async def keep(self, run: PromptRun) -> None:
        """As the port says: one write."""
        await reference(self._client, "prompt_runs", run.id).set(fields(run))

    @translated
    async def forget(self, prompt_id: str, owner_id: str) -> None:
        """As the port says: a read and a delete an answer."""
        await _delete_all(self._client, queries.prompt_runs(self._client, owner_id, prompt_id))


async def _save(
    client: AsyncClient,
    head: AsyncDocumentReference,
    written: Mapping[AsyncDocumentReference, OwnPersona | SavedPrompt],
    change: Stock,
    limits: Stock,
) -> None:
    """Write the head, and what else is created with it, over the version before."""
    record = written[head]
    if record.version > 1:
        await _replace(client, head, written)
        return
    try:
        await create_counted(client, record.owner_id, written, change, limits)
    except AlreadyExists as error:
        raise _conflict() from error


async def _replace(
    client: AsyncClient, head: AsyncDocumentReference, written: Mapping[AsyncDocumentReference, OwnPersona | SavedPrompt]
) -> None:
    record = written[head]
    snapshot = await head.get()
    before = loaded(type(record), snapshot)
    if before == record:
        return
    if before is None or before.version != record.version - 1:
        raise _conflict()
    batch = client.batch()
    batch.update(head, fields(record), option=if_unchanged(client, snapshot.update_time))
    for place in written.keys() - {head}:
        batch.create(place, fields(written[place]))
    try:
        await batch.commit()
    except (AlreadyExists, FailedPrecondition, NotFound) as error:
        # The library repeats a commit whose answer was lost, and the repetition meets what the first one has written.
        if not await stands(head, record):
            raise _conflict() from error


async def _delete_counted(client: AsyncClient, batch: AsyncWriteBatch, owner_id: str, change: Stock) -> None:
    """Commit the guarded delete, and take what it removes out of the owner's stock; silent where it is gone already."""
    count(client, batch, owner_id, change, -1)
    try:
        await batch.commit()
    except NotFound:
        return


async def _delete_all(client: AsyncClient, found: AsyncQuery) -> None:
    """A commit at a time: who is stopped in between finds fewer the next time."""
    while places := [snapshot.reference async for snapshot in found.limit(_DELETED_AT_ONCE).stream()]:
        batch = client.batch()
        for place in places:
            batch.delete(place)
        await batch.commit()


def _conflict() -> ConflictError:
    return ConflictError("Another version was saved meanwhile; read it and decide anew.")
