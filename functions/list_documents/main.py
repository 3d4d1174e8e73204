"""Lists what a bot has learned or is learning, a page at a time."""

from shared.core.clock import Clock
from shared.domain.base import Id, Page, PageRequest
from shared.domain.document_view import DocumentView
from shared.ports.store import Bots, Documents
from shared.runtime.functions import Call, callable_function
from shared.services.bots import find_bot


class ListDocuments(PageRequest):
    """Whose documents."""

    bot_id: Id


@callable_function
async def list_documents(
    request: ListDocuments, call: Call, *, bots: Bots, documents: Documents, clock: Clock
) -> Page[DocumentView]:
    """Newest first. Raises NotFoundError for a bot that is absent or another's."""
    await find_bot(bots, request.bot_id, call.uid)
    page = PageRequest(page_size=request.page_size, cursor=request.cursor)
    found = await documents.list(call.uid, request.bot_id, page)
    now = clock()
    return Page(items=tuple(DocumentView.of(document, now) for document in found.items), next_cursor=found.next_cursor)
