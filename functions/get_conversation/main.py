"""Shows a conversation with its turns; one that lost its lease is shown as interrupted, whatever is stored."""

from shared.core.clock import Clock
from shared.core.errors import NotFoundError
from shared.domain.base import Id, Model, Page, PageRequest
from shared.domain.views import ConversationView, TurnView
from shared.ports.store import Turns
from shared.runtime.functions import Call, callable_function
from shared.services.abandoned import find_conversation


class GetConversation(PageRequest):
    """Which conversation, and which page of its turns."""

    chat_id: Id


class ConversationWithTurns(Model):
    """The conversation, and a page of its turns, newest first."""

    conversation: ConversationView
    turns: Page[TurnView]


@callable_function
async def get_conversation(wanted: GetConversation, call: Call, *, turns: Turns, clock: Clock) -> ConversationWithTurns:
    """The turns of every status; what a running one has said so far is its answer."""
    # One moment for the whole page: two turns must not be judged by two clocks.
    now = clock()
    found = await find_conversation(turns, wanted.chat_id, call.uid, now)
    if found is None:
        raise NotFoundError("There is no such conversation.", field="chat_id")
    page = await turns.list(wanted.chat_id, call.uid, PageRequest(page_size=wanted.page_size, cursor=wanted.cursor))
    shown = tuple(TurnView.of(turn.seen_at(now)) for turn in page.items)
    return ConversationWithTurns(
        conversation=ConversationView.of(found.value), turns=Page(items=shown, next_cursor=page.next_cursor)
    )
