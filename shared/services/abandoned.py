"""Turns whose holder is gone, and conversations that such a turn left without a head."""

from contextlib import suppress
from datetime import datetime

from shared.core.errors import ConflictError
from shared.core.ids import new_id
from shared.domain.base import PageRequest
from shared.domain.conversation import Conversation, Turn, TurnStatus
from shared.ports.store import Turns, Versioned
from shared.services.paths import path_to, title_of


async def settle_abandoned(
    turns: Turns, read: Versioned[Turn], now: datetime, status: TurnStatus = TurnStatus.INTERRUPTED
) -> Turn:
    """Settle the turn as its last checkpoint left it: charged what it used, in its conversation, once.

    Raises ConflictError where it was held or settled again meanwhile, NotFoundError where it or its conversation was deleted.
    """
    turn = read.value
    head = await turns.head(turn.conversation_id, turn.owner_id) or Versioned(_head_from(turn), None)
    path = await path_to(turns, head.value, turn.parent_turn_id) if turn.is_branch else None
    ended = turn.abandoned(new_id(), now, status)
    await turns.settle(read, ended, head, path or ())
    return ended


async def find_conversation(turns: Turns, conversation_id: str, owner_id: str, now: datetime) -> Versioned[Conversation] | None:
    """The owner's conversation; where its first turn is not settled yet, that turn stands for its head, at version None."""
    head = await turns.head(conversation_id, owner_id)
    if head is not None:
        return head if head.value.deleted_at is None else None
    turn = await _first(turns, conversation_id, owner_id)
    if turn is None:
        return None
    # A turn that still runs adds itself when it is settled; here its answer so far would stand twice.
    begun = _head_from(turn)
    return Versioned(begun if turn.is_held(now) else begun.after(turn.abandoned("", now)), None)


async def revived_conversation(
    turns: Turns, conversation_id: str, owner_id: str, now: datetime
) -> Versioned[Conversation] | None:
    """As `find_conversation`, for what is to be written upon it: a first turn that was abandoned is settled before."""
    head = await turns.head(conversation_id, owner_id)
    if head is None:
        head = await _revived(turns, conversation_id, owner_id, now)
    return head if head and head.value.deleted_at is None else None


async def _revived(turns: Turns, conversation_id: str, owner_id: str, now: datetime) -> Versioned[Conversation] | None:
    turn = await _first(turns, conversation_id, owner_id)
    if turn is None:
        return None
    if not turn.is_held(now) and (read := await turns.load(turn.id)):
        # Its holder may have been only slow, or another was first to settle it.
        with suppress(ConflictError):
            await settle_abandoned(turns, read, now)
    return await turns.head(conversation_id, owner_id) or Versioned(_head_from(turn), None)


async def _first(turns: Turns, conversation_id: str, owner_id: str) -> Turn | None:
    """A turn of a conversation whose head is not written yet: a settlement writes it, to keep a turn within five writes."""
    # Turns lie under an id that anybody may name, so the query asks for the owner's own.
    page = await turns.list(conversation_id, owner_id, PageRequest(page_size=1))
    return page.items[0] if page.items and page.items[0].status is TurnStatus.RUNNING else None


def _head_from(turn: Turn) -> Conversation:
    """The head that the turn's settlement will write, before it."""
    return Conversation(
        id=turn.conversation_id,
        owner_id=turn.owner_id,
        bot_id=turn.bot_id,
        persona_id=None if turn.bot_id else turn.persona_id,
        link=turn.link,
        title=title_of(turn.question),
        created_at=turn.created_at,
        updated_at=turn.created_at,
    )
