"""Whoever looks at a document learns what it does, what it waits for and what it has cost."""

from datetime import timedelta
from typing import Any

from shared.core.errors import ResourceExhaustedError, UnavailableError
from tests.functional.knowledge.world import FUNCTIONS, STATUS, TEXT, World, published

LONG = "\n\n".join(f"Fact {number} about whales is that number {number} is true." for number in range(900)).encode()


async def shown(document_id: str) -> Any:
    return (await STATUS.call({"job_id": document_id}, token="alice")).result


async def test_a_step_that_failed_shows_its_next_try_and_when_it_comes(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    world.hook.errors["before stat"] = [UnavailableError("The bucket is away.")]
    world.hook.errors["before download"] = [UnavailableError("The bucket is away.")]
    world.hook.errors["before read"] = [UnavailableError("The bucket is away.")]
    [body] = published(world, "extract-document")
    assert (await FUNCTIONS["extract-document"].push(body)).status == 503
    before = await shown(document_id)
    assert (before["activity"], before["attempt"], before["stage"]) == ("retrying", 2, "extract")
    assert before["retry_at"] is not None
    world.hook.errors.clear()
    await FUNCTIONS["extract-document"].push(body)
    after = await shown(document_id)
    assert (after["activity"], after["attempt"], after["retry_at"], after["stage"]) == ("working", 1, None, "chunk")


async def test_a_quota_is_waited_for_and_is_no_retry(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    world.embedder.errors = [ResourceExhaustedError("slow down", retry_after_seconds=60)]
    await world.deliver()
    waiting = await shown(document_id)
    assert (waiting["activity"], waiting["attempt"], waiting["stage"]) == ("waiting_for_capacity", 1, "embed")
    world.now += timedelta(seconds=61)
    await world.sweep()
    await world.deliver()
    assert (await shown(document_id))["activity"] == "done"


async def test_what_nobody_works_on_is_stalled_until_it_moves(world: World) -> None:
    document_id = await world.upload("a.txt", TEXT)
    world.queue.topics.clear()
    assert (await shown(document_id))["activity"] == "working"
    await world.sweep(timedelta(minutes=5))
    stalled = await shown(document_id)
    assert stalled["activity"] == "stalled"
    assert stalled["due_at"] > stalled["updated_at"]
    await world.deliver()
    assert (await shown(document_id))["activity"] == "done"


async def test_the_cost_is_what_the_embedder_was_asked_for_over_all_generations(world: World) -> None:
    document = await world.learn("long.txt", LONG)
    cost = (await shown(document.id))["cost"]
    assert cost["embedded_texts"] == len(world.embedder.embedded) > 1
    assert cost["embedded_tokens"] == sum(len(text.split()) + 2 for text in world.embedder.embedded)
    twin = await world.learn("other.txt", LONG + b"\n\nOne more fact.")
    both = cost["embedded_texts"] + twin.cost.embedded_texts
    assert both == len(world.embedder.embedded)
