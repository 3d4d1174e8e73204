"""Turns that live through a store, and what their payers have spent by then."""

from collections.abc import Sequence

from shared.core.ids import new_id
from shared.domain.conversation import Conversation, Message, Turn, TurnStatus
from shared.ports.store import Turns, Versioned
from tests.contracts.conftest import Stores
from tests.contracts.records import OFTEN, after, answered, conversation, turn, unstored


async def reserved(stores: Stores, made: Turn) -> Versioned[Turn]:
    return (await stores.turns.reserve(made, OFTEN)).turn


async def run(
    stores: Stores, made: Turn, head: Versioned[Conversation], *, path: Sequence[Message] = (), **changes: object
) -> Turn:
    """A turn that is reserved, answered and settled."""
    ended = answered(made).model_copy(update=changes)
    await stores.turns.settle(await reserved(stores, made), ended, head, path)
    return ended


async def head_of(stores: Stores, conversation_id: str, owner_id: str = "owner") -> Versioned[Conversation]:
    head = await stores.turns.head(conversation_id, owner_id)
    assert head is not None
    return head


async def spent(stores: Stores) -> int:
    """The owner's tokens of the month; asking costs a turn of none."""
    return await spent_in(stores.turns)


async def spent_in(turns: Turns) -> int:
    return (await turns.reserve(turn("asking", reserved_tokens=0), OFTEN)).totals.tokens_this_month


async def interrupted(stores: Stores, **fields: object) -> Versioned[Turn]:
    """A turn that was settled without an end, at a cost of 40 tokens."""
    made = turn(conversation().id, **fields)
    ended = await run(stores, made, unstored(conversation(id=made.conversation_id)), status=TurnStatus.INTERRUPTED)
    read = await stores.turns.load(ended.id)
    assert read is not None
    return read


def taking(read: Versioned[Turn], **fields: object) -> Turn:
    known = {"status": TurnStatus.RUNNING, "holder": new_id(), "attempt": 2, "lease_until": after(900), "charged_tokens": 40}
    return read.value.model_copy(update={**known, **fields})
