"""What the next try meets when Firestore's answer to a commit is lost, whether or not the commit was applied."""

from collections.abc import AsyncIterator, Callable

import pytest

from shared.adapters.firestore_ledger import FirestoreLedger, FirestoreReceipts
from shared.adapters.firestore_store import FirestoreBots, FirestoreDocuments
from shared.adapters.firestore_turns import FirestoreTurns
from shared.core.errors import ResourceExhaustedError, UnavailableError
from shared.domain.document import DocumentStatus, Stage
from shared.domain.plan import FlowLimits, FlowTotals, Stock
from shared.domain.receipt import ReceiptState
from shared.domain.step import StepKey, StepState
from tests.contracts.records import (
    NOW,
    OFTEN,
    PLENTY,
    after,
    answered,
    bot,
    conversation,
    document,
    receipt,
    reservation,
    turn,
    unstored,
)
from tests.memory.counting import RepeatingClient, SilentClient

KEY = StepKey(document_id="d", generation=1, stage=Stage.EMBED, shard=0)
Silent = Callable[[int, bool], SilentClient]


@pytest.fixture
async def silent(fresh_project: str) -> AsyncIterator[Silent]:
    opened: list[SilentClient] = []

    def opening(losses: int, applied: bool) -> SilentClient:  # noqa: FBT001  Read beside its call.
        opened.append(SilentClient(project=fresh_project, losses=losses, applied=applied))
        return opened[-1]

    yield opening
    for client in opened:
        await client._firestore_api.transport.close()


@pytest.fixture
async def repeating(fresh_project: str) -> AsyncIterator[RepeatingClient]:
    client = RepeatingClient(project=fresh_project)
    yield client
    await client._firestore_api.transport.close()


async def test_a_bot_whose_creation_is_repeated_is_made_and_counted_once(repeating: RepeatingClient) -> None:
    made, bots = bot(), FirestoreBots(repeating)

    await bots.create(made, PLENTY)

    assert await bots.get(made.id, "owner") == made
    assert (await repeating.document("usage", "owner").get()).get("bots") == 1


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


async def test_a_reservation_that_is_repeated_counts_once(repeating: RepeatingClient) -> None:
    made, turns = turn("thread"), FirestoreTurns(repeating)

    assert await turns.reserve(made, reservation(tokens=100), OFTEN) == FlowTotals(
        turns_this_minute=1, turns_this_month=1, tokens_this_month=100
    )
    assert await turns.get("thread", made.id, "owner") == made


async def test_a_repeated_reservation_over_the_limit_is_undone_once(repeating: RepeatingClient) -> None:
    made, turns = turn("thread"), FirestoreTurns(repeating)

    with pytest.raises(ResourceExhaustedError, match="tokens a month"):
        await turns.reserve(made, reservation(tokens=100), FlowLimits(turns_per_minute=9, turns_per_month=9, tokens_per_month=99))

    assert await turns.get("thread", made.id, "owner") is None
    assert (await turns.reserve(turn("thread"), reservation(tokens=0), OFTEN)).tokens_this_month == 0


async def test_a_key_whose_opening_is_repeated_is_held_by_who_asked(repeating: RepeatingClient) -> None:
    assert await FirestoreReceipts(repeating).open(receipt(), NOW) is None


@pytest.mark.parametrize("applied", [True, False])
async def test_a_settlement_whose_answer_is_lost_counts_once(silent: Silent, *, applied: bool) -> None:
    thread = conversation()
    made = turn(thread.id)
    await FirestoreTurns(silent(0, applied)).reserve(made, reservation(tokens=100), OFTEN)

    await FirestoreTurns(silent(1, applied)).settle(answered(made), unstored(thread), reservation(tokens=100), used_tokens=40)

    turns = FirestoreTurns(silent(0, applied))
    assert await turns.get(thread.id, made.id, "owner") == answered(made)
    assert await turns.conversation(thread.id, "owner") == thread.after(answered(made))
    totals = await turns.reserve(turn(thread.id), reservation(tokens=0), OFTEN)
    assert totals == FlowTotals(turns_this_minute=2, turns_this_month=2, tokens_this_month=40)


@pytest.mark.parametrize("applied", [True, False])
async def test_a_lost_settlement_that_another_turn_outran_counts_once_beside_it(silent: Silent, *, applied: bool) -> None:
    thread, turns = conversation(), FirestoreTurns(silent(0, applied))
    first, second = (answered(turn(thread.id, question=asked)) for asked in ("First?", "Second?"))
    await turns.settle(first, unstored(thread), reservation(tokens=0), used_tokens=10)

    await FirestoreTurns(silent(1, applied)).settle(second, unstored(thread), reservation(tokens=0), used_tokens=30)

    assert await turns.conversation(thread.id, "owner") == thread.after(first).after(second)
    assert (await turns.reserve(turn(thread.id), reservation(tokens=0), OFTEN)).tokens_this_month == 40


async def test_a_store_that_stays_silent_is_unavailable(silent: Silent) -> None:
    thread = conversation()

    with pytest.raises(UnavailableError):
        await FirestoreTurns(silent(2, False)).settle(turn(thread.id), unstored(thread), reservation(), 0)

    assert await FirestoreTurns(silent(0, False)).conversation(thread.id, "owner") is None


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
