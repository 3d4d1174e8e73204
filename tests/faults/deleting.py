"""A cloud in which documents are also deleted and learned anew, and what must be true of a deleted one in the end."""

from datetime import timedelta

from functions.purge_document.main import purge_document
from functions.purge_generations.main import purge_generations
from functions.sweep_deletions.main import sweep_deletions
from shared.core.errors import SynapseError
from shared.domain import pipeline as rules
from shared.domain.deletion import DeletionKind, DeletionMessage, DeletionStatus
from shared.domain.plan import Stock
from shared.domain.step import StageMessage
from shared.services.deletions import Deleting
from shared.services.purges import DocumentPurge
from tests.faults.cloud import MOST_DELIVERIES, Cloud, Pending
from tests.faults.processes import Kill, Process
from tests.memory.interposed import Interposed

MOST_ROUNDS = 1500


class DeletingCloud(Cloud):
    """As Cloud; a purge's message may die, since the sweep finishes what it began."""

    async def delete(self, document_id: str) -> None:
        """The owner's call, again and again until it was answered."""
        while True:
            process = self.odds.draw(self.dice)
            process.at = min(process.at, 8)
            process.awake.set()
            try:
                deletion = await self._deleting(process).begin(DeletionKind.DOCUMENT, document_id, "alice")
            except (Kill, SynapseError):
                self._count(process)
                continue
            assert deletion is not None
            return

    async def reprocess(self, document_id: str) -> None:
        """As the function does, at a moment at which nothing fails."""
        read = await self.stores.documents.load(document_id)
        if read and (anew := rules.relearned(read.value, self._pipeline(Process()).moment())):
            await self.stores.documents.replace(read, anew)
            for topic, message in rules.opening(anew):
                self.send(topic, message.model_dump())

    async def end(self) -> None:
        """Nothing fails any more, every message comes, and the last look is over."""
        await self.calm_down()
        for _ in range(3):
            self.now += timedelta(days=8)  # A file may be on its way for a week.
            await self.round()
            while self.pending or self.queue.topics:
                await self.round()

    async def _sweep(self, process: Process) -> None:
        await super()._sweep(process)
        try:
            await sweep_deletions.use_case(deleting=self._deleting(process))
        except (Kill, SynapseError):
            return

    async def _invoke(self, process: Process, pending: Pending) -> None:
        ports = self._ports(process)
        if pending.topic == "purge-document":
            message = DeletionMessage(**pending.body)
            await purge_document.use_case(message, deleting=self._deleting(process), purge=self._purge(process))
        elif pending.topic == rules.PURGE_GENERATIONS:
            stores = {"pipeline": self._pipeline(process), "blobs": ports["blobs"], "index": ports["index"]}
            await purge_generations.use_case(StageMessage(**pending.body), **stores)
        else:
            await super()._invoke(process, pending)

    def _again(self, pending: Pending) -> None:
        if pending.deliveries < MOST_DELIVERIES or not pending.topic.startswith("purge-"):
            super()._again(pending)

    def _deleting(self, process: Process) -> Deleting:
        deletions = Interposed(self.stores.deletions, process)
        return Deleting(deletions, Interposed(self.queue, process), lambda: self.now)

    def _purge(self, process: Process) -> DocumentPurge:
        ports = self._ports(process)
        return DocumentPurge(
            deleting=self._deleting(process),
            contents=self._contents(process),
            remains=Interposed(self.stores.remains, process),
            ledger=Interposed(self.stores.ledger, process),
            index=ports["index"],
            chunks=Interposed(self.stores.chunks, process),
            blobs=ports["blobs"],
        )


def is_done(cloud: Cloud, document_id: str) -> bool:
    return cloud.store.deletions[f"document-{document_id}"].value.status is DeletionStatus.DONE


def check_nothing_is_left(cloud: Cloud, document_id: str) -> None:
    """What a receipt promises."""
    assert document_id not in cloud.store.documents
    assert [entry for entry in cloud.store.chunks.values() if entry.chunk.document_id == document_id] == []
    assert [name for name in cloud.blobs.objects if document_id in name] == []
    assert [key for key in cloud.store.steps if key[0] == document_id] == []


def check_gone(cloud: Cloud, document_id: str) -> None:
    """Nothing of it is left when the last look is over either, and nobody was charged or given too much."""
    check_nothing_is_left(cloud, document_id)
    deletion = cloud.store.deletions[f"document-{document_id}"].value
    assert (deletion.status, deletion.due_at, deletion.probe) == (DeletionStatus.DONE, None, ())
    kept = [stored.value for stored in cloud.store.documents.values()]
    assert cloud.store.stock["alice"] == Stock(documents=len(kept), bytes=sum(document.size_bytes for document in kept))
