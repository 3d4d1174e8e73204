"""Lists the caller's conversations, a page at a time."""

from shared.domain.base import Page, PageRequest
from shared.domain.views import ConversationView
from shared.ports.store import Turns
from shared.runtime.functions import Call, callable_function


@callable_function
async def list_conversations(page: PageRequest, call: Call, *, turns: Turns) -> Page[ConversationView]:
    """Last used first."""
    found = await turns.conversations(call.uid, page)
    return Page(items=tuple(ConversationView.of(one) for one in found.items), next_cursor=found.next_cursor)
