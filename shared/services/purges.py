"""Removes what a deletion has left, a bounded part with each delivery, until a search for it finds nothing.

Each part may be done twice and in any order: what is gone is passed over, what is still there is found again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.core.errors import ConflictError
from shared.core.log import joined, logger
from shared.domain import deletion as rules
from shared.domain.blob import derived_prefix, upload_name
from shared.domain.deletion import Deletion, DeletionKind, DeletionMessage, DeletionStatus, Removed
from shared.domain.document import Document
from shared.ports.blobs import Blobs
from shared.ports.contents import Contents
from shared.ports.deletions import Remains
from shared.ports.ledger import Ledger
from shared.ports.models import VectorIndex
from shared.ports.store import Chunks, Turns, Versioned
from shared.services.batches import any_vector
from shared.services.deletions import Deleting

MOST = 500
"""What goes in one commit of Firestore, and some seconds' work; a delivery does a few of these and asks for the next."""

AT_ONCE = 16
"""Objects that are removed side by side: the bucket answers each in some 50 ms."""

NEAREST = 50
"""Hits of the last search, each a billed read: what is left of the document would be the first, but for equal texts of others."""

PAUSE = timedelta(seconds=60)
"""How long a thing waits for its documents' own deletions before it looks again, unless the last of them asks it to."""


class Purge(Protocol):
    """How one kind of thing is removed."""

    async def held_until(self, deletion: Deletion, now: datetime) -> datetime | None:
        """When whoever still works on it must have ended; None where nobody does."""
        ...

    async def survey(self, deletion: Deletion) -> Deletion:
        """The deletion after a look at what there is to remove."""
        ...

    async def clear(self, deletion: Deletion) -> bool:
        """Remove a bounded part; whether that was all."""
        ...

    async def check(self, deletion: Deletion) -> None:
        """Search for what was removed. Raises ConflictError where something is found, so that it comes again."""
        ...


async def carry_out(deleting: Deleting, purge: Purge, message: DeletionMessage) -> Deletion | None:
    """Bring the deletion as far as one delivery may; returning acknowledges the message. Nothing where it is done.

    Answers the deletion where this delivery has removed the last of it.
    """
    read, now = await deleting.deletions.load(message.deletion_id), deleting.clock()
    if read is None or not read.value.is_open(now):
        return None
    with joined(read.value.correlation_id):
        if await _is_made_again(deleting, read.value):
            await _finish(deleting, read)
            return None
        surveyed = await purge.survey(read.value)
        if until := await purge.held_until(read.value, now):
            await deleting.deletions.replace(read, rules.postponed(surveyed, until))
            return None
        if surveyed != read.value:
            # Before anything goes: a delivery that dies on the way would leave neither the counts nor a vector to search by.
            read = await deleting.deletions.replace(read, surveyed)
        if not await purge.clear(surveyed):
            await deleting.ask(surveyed)
            return None
        await purge.check(surveyed)
        await _finish(deleting, read)
        return surveyed


async def _is_made_again(deleting: Deleting, deletion: Deletion) -> bool:
    """Whether another thing has the id by now, as an idempotency key that is used again after days makes one: it must not go."""
    head = await deleting.deletions.target(deletion.kind, deletion.target_id, deletion.owner_id)
    return head is not None and not rules.is_marked(head.value)


async def _finish(deleting: Deleting, read: Versioned[Deletion]) -> None:
    finished = rules.finished(read.value, deleting.clock())
    if read.value.status is DeletionStatus.DONE:
        await deleting.deletions.replace(read, finished)
    else:
        await deleting.deletions.finish(read, finished)
        logger.info("deleted", extra={"deletion_id": finished.id, "removed": finished.removed.model_dump()})


@dataclass(frozen=True)
class DocumentPurge:
    """The documents that were found in it by deletions of their own, then chunks, objects and steps of all generations and the
    claim on its bytes; the head goes with the end.
    """

    deleting: Deleting
    remains: Remains
    contents: Contents
    ledger: Ledger
    index: VectorIndex
    chunks: Chunks
    blobs: Blobs

    async def held_until(self, deletion: Deletion, now: datetime) -> datetime | None:
        """A stage that holds a step goes on writing, since it does not look at the document while it works.

        What it still finds in the document is found here by the next look.
        """
        children = await self.remains.children(deletion.target_id, deletion.owner_id, MOST)
        await _begin_all(self.deleting, children, deletion)
        return await self.ledger.held_until(deletion.target_id, now) or (now + PAUSE if children else None)

    async def survey(self, deletion: Deletion) -> Deletion:
        """As the protocol says, with a vector by which to search for it in the end: by then none is left."""
        names = await self._objects(deletion.target_id)
        found = Removed(documents=1, chunks=await self.chunks.count(deletion.target_id), objects=len(names))
        return rules.surveyed(deletion, found, deletion.probe or await any_vector(self.blobs, names))

    async def clear(self, deletion: Deletion) -> bool:
        """As the protocol says."""
        document_id = deletion.target_id
        chunks = await self.index.delete(document_id, most=MOST)
        names = (await self._objects(document_id))[:MOST]
        await remove_objects(self.blobs, names)
        steps = await self.remains.remove(DeletionKind.DOCUMENT, document_id, MOST)
        await self.contents.give_back(document_id)
        return max(chunks, len(names), steps) < MOST

    async def waited_for_by(self, deletion: Deletion) -> DeletionKind | None:
        """What the deletion is of that began this one, where it waits for nothing else: a bot's, or another document's."""
        above = rules.kind_above(deletion)
        if above is None or not deletion.bot_id:
            return None
        kind, target_id = above
        # One read, where a count of a big bot's documents would cost several, once for each of them.
        if kind is DeletionKind.BOT:
            left = await self.remains.documents(target_id, deletion.owner_id, 1)
        else:
            left = await self.remains.children(target_id, deletion.owner_id, 1)
        return None if left else kind

    async def check(self, deletion: Deletion) -> None:
        """By its own vector the document's chunks would be the nearest of all."""
        document_id, bot_id = deletion.target_id, deletion.bot_id
        hits = await self.index.search(deletion.probe, bot_id, deletion.owner_id, NEAREST) if deletion.probe and bot_id else ()
        is_found = any(hit.chunk.document_id == document_id for hit in hits)
        steps = await self.remains.count(DeletionKind.DOCUMENT, document_id)
        children = await self.remains.children(document_id, deletion.owner_id, 1)
        if children or is_found or steps or await self.chunks.count(document_id) or await self._objects(document_id):
            raise ConflictError("Something of the document is still found.")

    async def _objects(self, document_id: str) -> Sequence[str]:
        upload = upload_name(document_id)
        kept = [upload] if await self.blobs.stat(upload) else []
        return [*kept, *await self.blobs.list(derived_prefix(document_id))]


@dataclass(frozen=True)
class BotPurge:
    """A bot's documents by deletions of their own, then its versions; the head goes with the end."""

    remains: Remains
    deleting: Deleting

    async def held_until(self, deletion: Deletion, now: datetime) -> datetime | None:
        """It waits for its documents, whose deletions it begins."""
        documents = await self.remains.documents(deletion.target_id, deletion.owner_id, MOST)
        await _begin_all(self.deleting, documents, deletion)
        return now + PAUSE if documents else None

    async def survey(self, deletion: Deletion) -> Deletion:
        """As the protocol says."""
        documents = await self.remains.count_documents(deletion.target_id, deletion.owner_id)
        versions = await self.remains.count(DeletionKind.BOT, deletion.target_id)
        return rules.surveyed(deletion, Removed(documents=documents, versions=versions))

    async def clear(self, deletion: Deletion) -> bool:
        """As the protocol says."""
        return await self.remains.remove(DeletionKind.BOT, deletion.target_id, MOST) < MOST

    async def check(self, deletion: Deletion) -> None:
        """As the protocol says."""
        documents = await self.remains.count_documents(deletion.target_id, deletion.owner_id)
        if documents or await self.remains.count(DeletionKind.BOT, deletion.target_id):
            raise ConflictError("Something of the bot is still found.")


@dataclass(frozen=True)
class ConversationPurge:
    """A conversation's turns; the head stays a while, so that a turn that was under way meets it."""

    remains: Remains
    turns: Turns

    async def held_until(self, deletion: Deletion, now: datetime) -> datetime | None:
        """Whoever runs a turn settles it, which gives back what it had reserved; one that nobody runs is forgotten here."""
        leases = []
        for read in await self.remains.running_turns(deletion.target_id, MOST):
            if read.value.lease_until and read.value.is_held(now):
                leases.append(read.value.lease_until)
            else:
                await self.turns.forget(read)
        return max(leases, default=None)

    async def survey(self, deletion: Deletion) -> Deletion:
        """As the protocol says."""
        turns = await self.remains.count(DeletionKind.CONVERSATION, deletion.target_id)
        return rules.surveyed(deletion, Removed(turns=turns))

    async def clear(self, deletion: Deletion) -> bool:
        """As the protocol says."""
        return await self.remains.remove(DeletionKind.CONVERSATION, deletion.target_id, MOST) < MOST

    async def check(self, deletion: Deletion) -> None:
        """As the protocol says."""
        if await self.remains.count(DeletionKind.CONVERSATION, deletion.target_id):
            raise ConflictError("Something of the conversation is still found.")


async def _begin_all(deleting: Deleting, documents: Sequence[Document], above: Deletion) -> None:
    for document in documents:
        if not rules.is_marked(document):
            await deleting.begin(DeletionKind.DOCUMENT, document.id, above.owner_id, above.id)


async def remove_objects(blobs: Blobs, names: Sequence[str]) -> None:
    """Remove the objects, several side by side."""
    for start in range(0, len(names), AT_ONCE):
        await asyncio.gather(*(blobs.delete(name) for name in names[start : start + AT_ONCE]))
