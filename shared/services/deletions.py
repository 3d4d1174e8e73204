"""Begins a deletion: the thing is marked, so that it reads as missing from then on, and its purge is asked for."""

from dataclasses import dataclass

from shared.core import log
from shared.core.clock import Clock
from shared.core.errors import ConflictError
from shared.domain import deletion as rules
from shared.domain.deletion import Deletion, DeletionKind
from shared.ports.deletions import Deletions
from shared.ports.queue import Queue

BEGIN_TRIES = 8
"""Stages and turns write the head while they work, so that the mark may lose a few times."""


@dataclass(frozen=True)
class Deleting:
    """The ports through which a deletion begins."""

    deletions: Deletions
    queue: Queue
    clock: Clock

    async def begin(self, kind: DeletionKind, target_id: str, owner_id: str, part_of: str | None = None) -> Deletion | None:
        """The deletion of the owner's thing, which begins now or began before; None where there is no such thing and was none.

        Raises ConflictError where others always write the head first.
        """
        for _ in range(BEGIN_TRIES):
            read = await self.deletions.target(kind, target_id, owner_id)
            if read is None or rules.is_marked(read.value):
                return await self.deletions.get(rules.deletion_id(kind, target_id), owner_id)
            now = self.clock()
            deletion = rules.requested(read.value, log.correlation_id() or None, now, part_of)
            try:
                await self.deletions.begin(read, rules.marked(read.value, now), deletion)
            except ConflictError:
                continue
            await self.ask(deletion)
            return deletion
        raise ConflictError("It is being written by many at once; ask again.")

    async def ask(self, deletion: Deletion) -> None:
        """Ask for the purge."""
        await self.queue.publish(rules.topic_of(deletion.kind), [{"deletion_id": deletion.id}])
