"""What the tests of deletions do: delete, look at the receipt, let the sweep run, and see whether anything is left."""

from datetime import timedelta
from typing import Any

from shared.domain.bot import BotVersion
from shared.domain.plan import Stock
from tests.contracts.records import OFTEN, conversation, turn
from tests.functional.harness import Reply, client_for
from tests.functional.knowledge.world import (
    TEXT,
    World,
)
from tests.memory.turns import MemoryTurns

DELETE = {kind: client_for(f"delete_{kind}") for kind in ("document", "bot", "conversation")}
FIELD = {"document": "document_id", "bot": "bot_id", "conversation": "chat_id"}
PATH = {"document": "documents", "bot": "child-bots", "conversation": "chat/history"}
RECEIPT = client_for("get_deletion")
SWEEP = client_for("sweep_deletions")
DEAD = client_for("record_dead_letter")
SEARCH = client_for("search_knowledge")


async def delete(kind: str, target_id: str, token: str = "alice") -> Reply:
    return await DELETE[kind].rest("DELETE", f"/api/v1/{PATH[kind]}/{target_id}", token=token)


async def receipt(kind: str, target_id: str, token: str = "alice") -> Any:
    return (await RECEIPT.call({"deletion_id": f"{kind}-{target_id}"}, token=token)).result


async def sweep(world: World, later: timedelta = timedelta(0)) -> list[int]:
    """The scheduled look after some time; the statuses of what it asks for."""
    world.now += later
    assert (await SWEEP.schedule()).status == 204
    return await world.deliver()


async def seeded(world: World, kind: str) -> str:
    """Something of Alice's of that kind; its id."""
    if kind == "document":
        return (await world.learn("a.txt", TEXT)).id
    if kind == "bot":
        bot = world.store.bots["bot"]
        world.store.bot_versions["bot", 1] = BotVersion.of(bot)
        world.store.stock["alice"] = Stock(bots=1)
        return "bot"
    thread = conversation("alice", id="thread", bot_id="bot", title="Of whales", created_at=world.now, updated_at=world.now)
    world.store.conversations["thread"] = thread
    ended = turn("thread", "alice", id="thread-1", status="done", lease_until=None)
    await MemoryTurns(world.store, lambda: world.now).reserve(ended, OFTEN)
    return "thread"


def nothing_is_left(world: World, document_id: str) -> bool:
    names = [name for name in world.blobs.objects if document_id in name]
    chunks = [entry for entry in world.store.chunks.values() if entry.chunk.document_id == document_id]
    steps = [owner for owner, _ in world.store.steps if owner == document_id]
    return (names, chunks, steps, document_id in world.store.documents) == ([], [], [], False)
