"""What the next try meets when Firestore's answer to a commit is lost, whether or not the commit was applied."""

import pytest

from shared.adapters.firestore_bots import FirestoreBots
from shared.adapters.firestore_deletions import FirestoreDeletions
from shared.adapters.firestore_ledger import FirestoreLedger, FirestoreReceipts
from shared.adapters.firestore_provider_keys import FirestoreProviderKeys
from shared.adapters.firestore_store import FirestoreDocuments
from shared.core.errors import ResourceExhaustedError, UnavailableError
from shared.domain.bot import Bot, BotDraft, BotVersion, Visibility
from shared.domain.deletion import DeletionKind, finished, marked, postponed, requested
from shared.domain.document import Document, DocumentStatus, Stage
from shared.domain.plan import Stock
from shared.domain.receipt import ReceiptState
from shared.domain.step import StepKey, StepState
from shared.ports.store import Versioned
from tests.contracts.conftest import Silent
from tests.contracts.records import (
    NOW,
    PLENTY,
    after,
    bot,
    document,
    receipt,
)
from tests.contracts.test_provider_keys import NEWER, a_key
from tests.memory.counting import RepeatingClient

KEY = StepKey(document_id="d", generation=1, stage=Stage.EMBED, shard=0)


async def test_a_bot_whose_creation_is_repeated_is_made_and_counted_once(repeating: RepeatingClient) -> None:
    made, bots = bot(), FirestoreBots(repeating)

    await bots.create(made, PLENTY)

    assert await bots.get(made.id, "owner") == made
    assert (await repeating.document("usage", "owner").get()).get("bots") == 1


async def test_a_bot_whose_change_is_repeated_is_written_without_a_conflict(repeating: RepeatingClient) -> None:
    made, bots = bot(), FirestoreBots(repeating)
    await bots.create(made, PLENTY)
    changed = made.configured(BotDraft(name="Pilot"), after(1))
    shared = changed.shared_as(Visibility.LINK, "secret", after(2))

    await bots.save(await _read(bots, made.id), changed, BotVersion.of(changed))
    await bots.change(await _read(bots, made.id), shared)

    assert await bots.get(made.id, "owner") == shared
    assert await bots.version(made.id, 2, "owner") == BotVersion.of(changed)


async def test_a_document_whose_resizing_is_repeated_is_counted_once_and_known_by_its_version(repeating: RepeatingClient) -> None:
    documents, made = FirestoreDocuments(repeating), document(size_bytes=100)
    await documents.create(made, PLENTY)
    read = await documents.load(made.id)
    assert read is not None

    written = await documents.resize(read, made.model_copy(update={"size_bytes": 700}), PLENTY)

    assert await documents.load(made.id) == written
    assert (await repeating.document("usage", "owner").get()).get("bytes") == 700


class Outrun(FirestoreDocuments):
    """Another writes the document before each time that it is read."""

    async def load(self, document_id: str) -> Versioned[Document] | None:
        read = await super().load(document_id)
        if read is not None:
            await self.replace(read, read.value.model_copy(update={"status": DocumentStatus.DELETING}))
        return await super().load(document_id)


async def test_a_resized_document_is_not_taken_for_what_another_made_of_it_since(repeating: RepeatingClient) -> None:
    documents, made = FirestoreDocuments(repeating), document(size_bytes=100)
    await documents.create(made, PLENTY)
    read = await documents.load(made.id)
    assert read is not None
    grown = made.model_copy(update={"size_bytes": 700})

    assert (await Outrun(repeating).resize(read, grown, PLENTY)).value == grown


async def _read(bots: FirestoreBots, bot_id: str) -> Versioned[Bot]:
    read = await bots.load(bot_id, "owner")
    assert read is not None
    return read


async def test_a_document_whose_creation_is_repeated_is_undone_once_over_the_limit(repeating: RepeatingClient) -> None:
    made, documents = document(), FirestoreDocuments(repeating)

    with pytest.raises(ResourceExhaustedError, match="bytes"):
        await documents.create(made, Stock(documents=1, bytes=made.size_bytes - 1))

    assert await documents.get(made.id, "owner") is None
    usage = await repeating.document("usage", "owner").get()
    assert (usage.get("documents"), usage.get("bytes")) == (0, 0)


async def test_a_document_whose_replacement_is_repeated_is_written_without_a_conflict(repeating: RepeatingClient) -> None:
    made, documents = document(), FirestoreDocuments(repeating)
    await documents.create(made, PLENTY)
    read = await documents.load(made.id)
    assert read is not None

    await documents.replace(read, made.model_copy(update={"pages": 1}))

    assert await documents.get(made.id, "owner") == made.model_copy(update={"pages": 1})


async def test_a_release_of_a_document_that_is_repeated_gives_its_stock_back_once(repeating: RepeatingClient) -> None:
    made, documents = document(), FirestoreDocuments(repeating)
    for one in (made, document()):
        await documents.create(one, PLENTY)
    read = await documents.load(made.id)
    assert read is not None

    await documents.release(read, made.model_copy(update={"status": DocumentStatus.FAILED}))

    usage = await repeating.document("usage", "owner").get()
    assert (usage.get("documents"), usage.get("bytes")) == (1, made.size_bytes)


async def test_a_deletion_whose_beginning_and_end_are_repeated_happens_once(repeating: RepeatingClient) -> None:
    made, documents, deletions = document(), FirestoreDocuments(repeating), FirestoreDeletions(repeating)
    for one in (made, document()):
        await documents.create(one, PLENTY)
    read = await deletions.target(DeletionKind.DOCUMENT, made.id, "owner")
    assert read is not None

    await deletions.begin(read, marked(read.value, NOW), requested(read.value, None, NOW))
    begun = await deletions.load(f"document-{made.id}")
    assert begun is not None
    postponed_once = await deletions.replace(begun, postponed(begun.value, after(9)))
    await deletions.finish(postponed_once, finished(begun.value, NOW))

    usage = await repeating.document("usage", "owner").get()
    assert (usage.get("documents"), usage.get("bytes")) == (1, made.size_bytes)
    assert await documents.load(made.id) is None
    assert await deletions.get(begun.value.id, "owner") is not None


async def test_a_key_whose_opening_is_repeated_is_held_by_who_asked(repeating: RepeatingClient) -> None:
    assert await FirestoreReceipts(repeating).open(receipt(), NOW) is None


@pytest.mark.parametrize(("applied", "held"), [(False, True), (True, False)])
async def test_a_claim_whose_answer_is_lost_is_free_again_when_its_lease_ends(
    silent: Silent, *, applied: bool, held: bool
) -> None:
    with pytest.raises(UnavailableError):
        await FirestoreLedger(silent(1, applied)).claim(KEY, "first", NOW, after(60))

    ledger = FirestoreLedger(silent(0, applied))
    assert (await ledger.claim(KEY, "second", after(1), after(61))).held is held
    assert (await ledger.claim(KEY, "third", after(61), after(120))).held


@pytest.mark.parametrize(("applied", "state"), [(False, StepState.HELD), (True, StepState.DONE)])
async def test_a_completion_whose_answer_is_lost_leaves_the_step_held_or_done(
    silent: Silent, state: StepState, *, applied: bool
) -> None:
    claim = await FirestoreLedger(silent(0, applied)).claim(KEY, "first", NOW, after(60))

    with pytest.raises(UnavailableError):
        await FirestoreLedger(silent(1, applied)).complete(claim, {"n": 1}, NOW)

    assert (await FirestoreLedger(silent(0, applied)).claim(KEY, "second", after(1), after(61))).step.state is state


@pytest.mark.parametrize("applied", [False, True])
async def test_a_release_whose_answer_is_lost_raises_and_the_lease_still_ends(silent: Silent, *, applied: bool) -> None:
    claim = await FirestoreLedger(silent(0, applied)).claim(KEY, "first", NOW, after(60))

    with pytest.raises(UnavailableError):
        await FirestoreLedger(silent(1, applied)).release(claim, "It failed.", None)

    assert (await FirestoreLedger(silent(0, applied)).claim(KEY, "second", after(60), after(120))).held


@pytest.mark.parametrize("applied", [False, True])
async def test_a_key_whose_opening_is_lost_is_free_again_when_its_lease_ends(silent: Silent, *, applied: bool) -> None:
    with pytest.raises(UnavailableError):
        await FirestoreReceipts(silent(1, applied)).open(receipt(), NOW)

    assert await FirestoreReceipts(silent(0, applied)).open(receipt("call-2", lease_until=after(120)), after(60)) is None


@pytest.mark.parametrize(("applied", "state"), [(False, ReceiptState.HELD), (True, ReceiptState.DONE)])
async def test_a_closing_whose_answer_is_lost_leaves_the_key_held_or_answered(
    silent: Silent, state: ReceiptState, *, applied: bool
) -> None:
    await FirestoreReceipts(silent(0, applied)).open(receipt(), NOW)

    with pytest.raises(UnavailableError):
        await FirestoreReceipts(silent(1, applied)).close(receipt(), "answer")

    stored = await FirestoreReceipts(silent(0, applied)).open(receipt("call-2"), after(1))
    assert stored is not None
    assert stored.state is state


@pytest.mark.parametrize("applied", [False, True])
async def test_a_release_of_a_key_whose_answer_is_lost_raises_and_the_lease_still_ends(silent: Silent, *, applied: bool) -> None:
    await FirestoreReceipts(silent(0, applied)).open(receipt(), NOW)

    with pytest.raises(UnavailableError):
        await FirestoreReceipts(silent(1, applied)).release(receipt())

    assert await FirestoreReceipts(silent(0, applied)).open(receipt("call-2", lease_until=after(120)), after(60)) is None


async def test_a_provider_key_whose_saving_is_repeated_is_counted_once(repeating: RepeatingClient) -> None:
    keys = FirestoreProviderKeys(repeating)

    for name in ("New", "Again"):
        await keys.save(a_key(name=name), Stock(provider_keys=1))

    assert await keys.get("key", "owner") == a_key(name="Again")
    assert (await repeating.document("usage", "owner").get()).get("provider_keys") == 1


async def test_a_provider_key_whose_deletion_is_repeated_is_taken_out_of_the_count_once(repeating: RepeatingClient) -> None:
    keys = FirestoreProviderKeys(repeating)
    for key_id in ("key", "other"):
        await keys.save(a_key(key_id), Stock(provider_keys=2))

    assert await keys.delete("key", "owner") is True

    assert (await repeating.document("usage", "owner").get()).get("provider_keys") == 1


async def test_a_provider_key_whose_new_seal_is_repeated_has_it(repeating: RepeatingClient) -> None:
    keys = FirestoreProviderKeys(repeating)
    await keys.save(a_key(), Stock(provider_keys=1))

    await keys.reseal(a_key(), NEWER)

    assert await keys.get("key", "owner") == a_key(sealed=NEWER)
