"""Deletions and their receipts, and what is left of a thing once its deletion has begun."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from shared.domain.conversation import Turn
from shared.domain.deletion import Deletion, DeletionKind, Head
from shared.domain.document import Document
from shared.ports.store import Versioned


class Deletions(Protocol):
    """Deletions by id. A thing is marked and its deletion stored in one commit, so that neither is ever without the other."""

    async def target(self, kind: DeletionKind, target_id: str, owner_id: str) -> Versioned[Head] | None:
        """The owner's thing, one that is marked already too.

        A conversation whose first turn is not settled has no head yet: it is made up, under a version of None.
        """
        ...

    async def begin(self, read: Versioned[Head], marked: Head, deletion: Deletion) -> None:
        """Write the marked head, store the deletion and give back the owner's stock, in one commit.

        Raises ConflictError where the head has changed since it was read. Where this very deletion is stored by then, a try whose
        answer was lost has done it, and nothing is raised. A done deletion of an earlier thing of that id is replaced.
        """
        ...

    async def get(self, deletion_id: str, owner_id: str) -> Deletion | None:
        """The owner's deletion, until its receipt expires."""
        ...

    async def load(self, deletion_id: str) -> Versioned[Deletion] | None:
        """The deletion with its version, for the system."""
        ...

    async def replace(self, read: Versioned[Deletion], deletion: Deletion) -> Versioned[Deletion]:
        """Write the deletion if its version is still the one read; the new version. Raises ConflictError, but as in `begin`."""
        ...

    async def finish(self, read: Versioned[Deletion], done: Deletion) -> None:
        """As `replace`, and in the same commit remove the head; a conversation's stays as a tombstone, until it expires."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[Versioned[Deletion]]:
        """Deletions whose `due_at` is not after now, longest due first, for the system; one that cannot be read is left out."""
        ...


class Remains(Protocol):
    """What lies under a head: a document's steps, a bot's versions, a conversation's turns; for the system alone."""

    async def count(self, kind: DeletionKind, target_id: str) -> int:
        """How many records lie under it."""
        ...

    async def remove(self, kind: DeletionKind, target_id: str, most: int) -> int:
        """Remove up to so many of them, but for turns that were not settled; how many were removed.

        Raises ConflictError where one is being written just now; then none may be removed.
        """
        ...

    async def documents(self, bot_id: str, owner_id: str, most: int) -> Sequence[Document]:
        """Up to so many of the bot's documents, those that are marked too."""
        ...

    async def children(self, document_id: str, owner_id: str, most: int) -> Sequence[Document]:
        """Up to so many of the documents that were found in the document, those that are marked too."""
        ...

    async def count_documents(self, bot_id: str, owner_id: str) -> int:
        """How many documents the bot has."""
        ...

    async def running_turns(self, conversation_id: str, most: int) -> Sequence[Versioned[Turn]]:
        """Up to so many of the conversation's turns that were not settled, whoever holds them."""
        ...
