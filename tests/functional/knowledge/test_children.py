"""What was found in a document is deleted with it, however deep, and though it appears only after the deletion began."""

from datetime import timedelta

from shared.domain.deletion import LAST_LOOK
from shared.domain.document import DocumentSource, DocumentStatus, Stage
from shared.domain.plan import Stock
from shared.domain.step import StepKey
from tests.functional.knowledge.deleting import delete, nothing_is_left, receipt, sweep
from tests.functional.knowledge.world import TEXT, World
from tests.memory.ledger import MemoryLedger


async def family(world: World, *parents: str) -> list[str]:
    """A document, and others each of which was found in the one before."""
    known = list(parents)
    for number in range(3 - len(parents)):
        content = TEXT + f" {number} {len(world.store.documents)}".encode()
        child = await world.learn(f"{number}.txt", content)
        if known:
            attached = {"source": DocumentSource.ATTACHMENT, "parent_id": known[-1]}
            world.store.documents[child.id] = world.store.stamp(child.model_copy(update=attached))
        known.append(child.id)
    return known


async def test_children_and_theirs_go_with_their_parent(world: World) -> None:
    known = await family(world)
    await delete("document", known[0])
    await world.deliver()
    assert all(nothing_is_left(world, document_id) for document_id in known)
    assert world.store.stock["alice"] == Stock()
    receipts = [await receipt("document", document_id) for document_id in known]
    assert [one["status"] for one in receipts] == ["done"] * 3


async def test_a_child_alone_may_be_deleted(world: World) -> None:
    parent, child, grandchild = await family(world)
    await delete("document", child)
    await world.deliver()
    assert nothing_is_left(world, child)
    assert nothing_is_left(world, grandchild)
    assert world.document(parent).status is DocumentStatus.READY


async def test_a_child_that_a_running_stage_still_makes_is_found(world: World) -> None:
    [parent, *_] = await family(world)
    key = StepKey(document_id=parent, generation=2, stage=Stage.EXTRACT, shard=0)
    lease = world.now + timedelta(minutes=1)
    await MemoryLedger(world.store).claim(key, "slow", world.now, lease)
    await delete("document", parent)
    await world.deliver()
    [_, late, _] = await family(world, parent)
    assert world.document(late).status is DocumentStatus.READY
    for _ in range(4):
        await sweep(world, timedelta(minutes=2))
    assert nothing_is_left(world, late)
    assert world.store.documents == {}


async def test_a_child_that_comes_after_the_end_is_found_by_the_last_look(world: World) -> None:
    [parent, *_] = await family(world)
    await delete("document", parent)
    await world.deliver()
    [_, late, _] = await family(world, parent)
    await sweep(world, LAST_LOOK)
    await sweep(world, timedelta(minutes=2))
    assert nothing_is_left(world, late)
    assert world.store.stock["alice"] == Stock()


async def test_children_go_with_their_bot(world: World) -> None:
    known = await family(world)
    await delete("bot", "bot")
    await world.deliver()
    for _ in range(3):
        await sweep(world, timedelta(minutes=2))
    assert all(nothing_is_left(world, document_id) for document_id in known)
    assert (await receipt("bot", "bot"))["status"] == "done"
