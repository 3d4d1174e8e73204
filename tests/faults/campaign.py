"""One seeded run of everything that may go wrong at once, and the tally of what must be none in the end."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from shared.domain.document import DocumentStatus
from tests.faults.cloud import STAGES, Cloud
from tests.faults.deleting import DeletingCloud
from tests.faults.learning import check_whole, submit, upload
from tests.faults.processes import Odds

UNKIND = Odds(dies=0.12, meets_outage=0.08, stands_still=0.1)
MODEL_FAILS = 0.1
MOST_ROUNDS = 1500
UPLOADS = (("first", 3, ""), ("twin", 3, "first"), ("kin", 2, "first"), ("again", 2, ""), ("doomed", 4, ""))
"""Ids, pages, and the document whose bytes they have."""
DOCUMENTS = len(UPLOADS) + 2
POISON: tuple[dict[str, Any], ...] = (
    {"document_id": "first"},
    {"document_id": "first", "generation": 7},
    {"document_id": "first", "generation": 1, "shard": 99},
    {"generation": 0},
    {"shard": -1},
    {},
)


@dataclass
class Tally:
    """Counts over the runs."""

    documents: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    embedded_twice: int = 0
    stuck: int = 0
    paid_again: Counter[str] = field(default_factory=Counter)
    texts: int = 0
    seeds_at_fault: list[int] = field(default_factory=list)

    def add(self, seed: int, cloud: Cloud, wrong: Counter[str]) -> None:
        """Count one run."""
        again = cloud.paid_again()
        wrong["embedded_twice"] += again.pop("twice", 0)
        for name in ("lost", "doubled", "embedded_twice", "stuck"):
            setattr(self, name, getattr(self, name) + wrong[name])
        self.seeds_at_fault += [seed] if wrong.total() else []
        self.documents += DOCUMENTS
        self.texts += len(cloud.asked)
        self.paid_again += again
        counts = cloud.counts
        self.faults += Counter(dict(counts.fates)) + counts.refusals
        self.faults += Counter({"message delivered twice": counts.doubled, "poisoned message": counts.poisoned})


async def run(seed: int, tally: Tally) -> None:
    """One run on the stores in memory, counted."""
    await play(DeletingCloud(seed, UNKIND), seed, tally)


async def play(cloud: DeletingCloud, seed: int, tally: Tally) -> None:
    """Seven documents: two of the same bytes, one that says the same in other bytes, one learned anew, one from the web, and two
    that are deleted.
    """
    cloud.model_fails = MODEL_FAILS
    await _begin(cloud)
    doom, anew = cloud.dice.randint(0, 50), cloud.dice.randint(10, 60)
    for number in range(MOST_ROUNDS):
        if number == doom:
            await cloud.delete("doomed")
        if number == anew:
            await cloud.reprocess("again")
        if number > max(doom, anew) and await cloud.has_ended():
            break
        await cloud.round()
    await cloud.end()
    await cloud.look()
    tally.add(seed, cloud, _wrong(cloud))


async def _begin(cloud: DeletingCloud) -> None:
    for document_id, pages, of in UPLOADS:
        await upload(cloud, document_id, pages, of)
    await upload(cloud, "child", 1, parent_id="doomed")
    await submit(cloud, "page", 2)
    for body in POISON:
        cloud.send(cloud.dice.choice([*STAGES]), dict(body))


def _wrong(cloud: Cloud) -> Counter[str]:
    wrong: Counter[str] = Counter()
    for kind, check in (("stuck", _check_ended), ("lost", _check_whole), ("doubled", _check_once)):
        try:
            check(cloud)
        except (AssertionError, KeyError, ValueError):
            wrong[kind] += 1
    return wrong


def _check_ended(cloud: Cloud) -> None:
    for stored in cloud.store.documents.values():
        assert stored.value.status.is_final
        assert stored.value.due_at is None


def _check_whole(cloud: Cloud) -> None:
    """Of the two of the same bytes one was learned, and the other says so until it expires; each other is whole."""
    pair = [cloud.store.documents[document_id].value for document_id in ("first", "twin")]
    [original] = [document for document in pair if document.status is DocumentStatus.READY]
    [duplicate] = [document for document in pair if document.status is DocumentStatus.DUPLICATE]
    assert duplicate.duplicate_of == original.id
    check_whole(cloud, original, of="first")
    check_whole(cloud, cloud.store.documents["kin"].value, of="first")
    again = cloud.store.documents["again"].value
    check_whole(cloud, again, generation=again.generation)
    check_whole(cloud, cloud.store.documents["page"].value)


def _check_once(cloud: Cloud) -> None:
    """Nothing of what was deleted is left, no chunk is there twice, and no claim but those of the living."""
    for gone in ("doomed", "child"):
        assert not [entry for entry in cloud.store.chunks.values() if entry.chunk.document_id == gone]
        assert gone not in cloud.store.documents
        assert not [name for name in cloud.blobs.objects if gone in name]
    assert {stored.value.document_id for stored in cloud.store.contents.values()} <= cloud.store.documents.keys()
    chunks = Counter((entry.chunk.document_id, entry.chunk.ordinal) for entry in cloud.store.chunks.values())
    assert set(chunks.values()) == {1}
