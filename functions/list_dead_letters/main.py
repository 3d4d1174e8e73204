"""Shows an administrator the messages that no delivery could finish, and why."""

import asyncio
from typing import Annotated

from pydantic import Field

from shared.domain.base import Page, PageRequest
from shared.domain.dead_letter import DeadLetterView
from shared.ports.store import DeadLetters, Documents
from shared.runtime.functions import Call, callable_function


class ListDeadLetters(PageRequest):
    """Of which topic; of all without one."""

    topic: Annotated[str | None, Field(max_length=64)] = None


@callable_function
async def list_dead_letters(
    request: ListDeadLetters, _: Call, *, letters: DeadLetters, documents: Documents
) -> Page[DeadLetterView]:
    """Newest first, each with its document as that is now."""
    page = PageRequest(page_size=request.page_size, cursor=request.cursor)
    found = await letters.list(page, request.topic)
    ids = sorted({letter.document_id for letter in found.items if letter.document_id})
    # Side by side: they are many people's, so that no one batched read of an owner's would find them.
    read = await asyncio.gather(*map(documents.load, ids))
    known = {one.value.id: one.value for one in read if one}
    views = (DeadLetterView.of(letter, known.get(letter.document_id or "")) for letter in found.items)
    return Page(items=tuple(views), next_cursor=found.next_cursor)
